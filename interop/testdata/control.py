"""X-Ray's control plane through boto3: rules, groups, tags, settings, series, retrievals."""
import json

from cloud import *

RULE = dict(ResourceARN="*", Priority=10, FixedRate=0.5, ReservoirSize=3, ServiceName="*", ServiceType="*", Host="*", HTTPMethod="*", URLPath="*", Version=1)

# Rules and targets.
made = xray.create_sampling_rule(SamplingRule=dict(RULE, RuleName="buy"), Tags=[{"Key": "team", "Value": "shop"}])["SamplingRuleRecord"]
arn = made["SamplingRule"]["RuleARN"]
refused("InvalidRequestException", None, xray.create_sampling_rule, SamplingRule=dict(RULE, RuleName="buy"))
xray.update_sampling_rule(SamplingRuleUpdate={"RuleARN": arn, "FixedRate": 0.25})
rules = {r["SamplingRule"]["RuleName"]: r["SamplingRule"] for p in xray.get_paginator("get_sampling_rules").paginate() for r in p["SamplingRuleRecords"]}
assert set(rules) == {"buy", "Default"} and rules["buy"]["FixedRate"] == 0.25, rules
targets = xray.get_sampling_targets(SamplingStatisticsDocuments=[{"RuleName": "buy", "ClientID": "0" * 24, "Timestamp": time.time(), "RequestCount": 7, "SampledCount": 2, "BorrowCount": 1}])
assert targets["SamplingTargetDocuments"][0]["ReservoirQuota"] == 3, targets
counts = [s for p in xray.get_paginator("get_sampling_statistic_summaries").paginate() for s in p["SamplingStatisticSummaries"]]
assert [(s["RuleName"], s["RequestCount"], s["BorrowCount"], s["SampledCount"]) for s in counts] == [("buy", 7, 1, 2)], counts

# Groups, their graph and their series.
group = xray.create_group(GroupName="faulty", FilterExpression="fault")["Group"]
refused("InvalidRequestException", None, xray.create_group, GroupName="bad", FilterExpression="fault AND")
now, ids = time.time(), []
for i, status in enumerate((200, 500, 500)):
    ids.append(trace_id())
    xray.put_trace_segments(TraceSegmentDocuments=[json.dumps({
        "name": "shop", "id": f"{i + 1:016x}", "trace_id": ids[-1], "start_time": now - 1, "end_time": now - 0.5, "http": {"response": {"status": status}}})])
window = dict(StartTime=now - 300, EndTime=now + 60)
for scope, total in (({}, 3), ({"GroupName": "faulty"}, 2), ({"GroupARN": group["GroupARN"]}, 2)):
    points = [s for p in xray.get_paginator("get_time_series_service_statistics").paginate(**window, **scope) for s in p["TimeSeriesServiceStatistics"]]
    assert sum(p["EdgeSummaryStatistics"]["TotalCount"] for p in points) == total, (scope, points)
    nodes = xray.get_service_graph(**window, **scope)["Services"]
    assert [n["SummaryStatistics"]["TotalCount"] for n in nodes if n["Type"] != "client"] == [total], (scope, nodes)
assert [g["GroupName"] for p in xray.get_paginator("get_groups").paginate() for g in p["Groups"]] == ["Default", "faulty"]
xray.update_group(GroupName="faulty", InsightsConfiguration={"InsightsEnabled": True})
assert xray.get_group(GroupName="faulty")["Group"]["InsightsConfiguration"]["InsightsEnabled"]

# Tags.
for resource in (arn, group["GroupARN"]):
    xray.tag_resource(ResourceARN=resource, Tags=[{"Key": "a", "Value": "1"}, {"Key": "team", "Value": "x"}])
    xray.untag_resource(ResourceARN=resource, TagKeys=["a"])
    assert xray.list_tags_for_resource(ResourceARN=resource)["Tags"] == [{"Key": "team", "Value": "x"}]
refused("ResourceNotFoundException", None, xray.list_tags_for_resource, ResourceARN=arn + "x")

# Settings.
assert xray.get_encryption_config()["EncryptionConfig"] == {"Status": "ACTIVE", "Type": "NONE"}
assert xray.put_encryption_config(Type="KMS", KeyId="alias/k")["EncryptionConfig"]["Status"] == "UPDATING"
document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "xray:PutTraceSegments", "Resource": "*"}})
assert xray.put_resource_policy(PolicyName="p", PolicyDocument=document)["ResourcePolicy"]["PolicyRevisionId"] == "1"
refused("InvalidPolicyRevisionIdException", None, xray.put_resource_policy, PolicyName="p", PolicyDocument=document, PolicyRevisionId="0")
refused("MalformedPolicyDocumentException", None, xray.put_resource_policy, PolicyName="q", PolicyDocument="x")
assert [p["PolicyName"] for p in xray.list_resource_policies()["ResourcePolicies"]] == ["p"]
xray.delete_resource_policy(PolicyName="p")
xray.update_indexing_rule(Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": 5}})
assert xray.get_indexing_rules()["IndexingRules"][0]["Rule"]["Probabilistic"]["DesiredSamplingPercentage"] == 5
assert xray.get_trace_segment_destination()["Destination"] == "XRay"
assert xray.update_trace_segment_destination(Destination="CloudWatchLogs")["Destination"] == "CloudWatchLogs"

# Retrievals.
token = xray.start_trace_retrieval(TraceIds=ids, **window)["RetrievalToken"]
for form in ("XRAY", "OTEL"):
    got = xray.list_retrieved_traces(RetrievalToken=token, TraceFormat=form)
    assert got["RetrievalStatus"] == "COMPLETE" and [t["Id"] for t in got["Traces"]] == ids, got
assert len(xray.get_retrieved_traces_graph(RetrievalToken=token)["Services"]) == 2
xray.cancel_trace_retrieval(RetrievalToken=token)
assert xray.list_retrieved_traces(RetrievalToken=token)["RetrievalStatus"] == "CANCELLED"

# And all of it goes away.
xray.delete_group(GroupName="faulty")
refused("InvalidRequestException", None, xray.get_service_graph, GroupName="faulty", **window)
xray.delete_sampling_rule(RuleName="buy")
refused("ResourceNotFoundException", None, xray.list_tags_for_resource, ResourceARN=arn)
