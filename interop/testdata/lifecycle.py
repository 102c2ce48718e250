"""The whole way with boto3: role, function, active tracing, invocation, its
trace by every read, a frozen version, waiters, error classes, the way down."""
import base64
import datetime
import hashlib
import json
import time

from cloud import *

SOURCE = "def handler(event, context):\n    print('hello', event)\n    return {'you sent': event}\n"

me = sts.get_caller_identity()
equal(me["Account"], account, "GetCallerIdentity")

arn = role("lifecycle", policies=())
equal(arn, f"arn:aws:iam::{account}:role/lifecycle", "role ARN")
iam.get_waiter("role_exists").wait(RoleName="lifecycle")
got = iam.get_role(RoleName="lifecycle")["Role"]
equal(got["AssumeRolePolicyDocument"]["Statement"][0]["Principal"], {"Service": "lambda.amazonaws.com"}, "trust policy")
assert abs((datetime.datetime.now(datetime.timezone.utc) - got["CreateDate"]).total_seconds()) < 120, got["CreateDate"]
refused("EntityAlreadyExists", "lifecycle", iam.create_role, RoleName="lifecycle", AssumeRolePolicyDocument=json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
equal(iam.list_attached_role_policies(RoleName="lifecycle")["AttachedPolicies"], [], "attached policies")
iam.attach_role_policy(RoleName="lifecycle", PolicyArn=WRITE)
equal(iam.list_attached_role_policies(RoleName="lifecycle")["AttachedPolicies"],
      [{"PolicyName": "AWSXRayDaemonWriteAccess", "PolicyArn": WRITE}], "attached policies")

made = function("life", SOURCE, arn, Description="a life", Environment={"Variables": {"AB": "c"}}, MemorySize=256)
farn = f"arn:aws:lambda:{region}:{account}:function:life"
for key, want in {"FunctionName": "life", "FunctionArn": farn, "Runtime": runtime, "Role": arn, "Handler": "app.handler",
                  "Description": "a life", "Timeout": 10, "MemorySize": 256, "Version": "$LATEST", "PackageType": "Zip",
                  "TracingConfig": {"Mode": "PassThrough"}, "Environment": {"Variables": {"AB": "c"}},
                  "Architectures": ["x86_64"], "EphemeralStorage": {"Size": 512}}.items():
    equal(made[key], want, f"CreateFunction {key}")
zipped = package({"app.py": SOURCE})
equal(made["CodeSize"], len(zipped), "CodeSize")
assert base64.b64decode(made["CodeSha256"]) and len(base64.b64decode(made["CodeSha256"])) == 32, made["CodeSha256"]
time.strptime(made["LastModified"], "%Y-%m-%dT%H:%M:%S.%f%z")

for waiter in ("function_exists", "function_active", "function_active_v2", "function_updated", "function_updated_v2"):
    lam.get_waiter(waiter).wait(FunctionName="life", WaiterConfig={"Delay": 0.05})

before = lam.get_function_configuration(FunctionName="life")
updated = lam.update_function_configuration(FunctionName="life", TracingConfig={"Mode": "Active"})
equal(updated["TracingConfig"], {"Mode": "Active"}, "UpdateFunctionConfiguration TracingConfig")
equal(updated["Description"], "a life", "what the update did not name")
lam.get_waiter("function_updated").wait(FunctionName="life", WaiterConfig={"Delay": 0.05})
after = lam.get_function_configuration(FunctionName=farn)
equal(after["LastUpdateStatus"], "Successful", "LastUpdateStatus")
assert before["RevisionId"] != after["RevisionId"], after["RevisionId"]
got = lam.get_function(FunctionName="life")
equal(got["Configuration"]["TracingConfig"], {"Mode": "Active"}, "GetFunction TracingConfig")
equal(got["Code"]["RepositoryType"], "S3", "GetFunction Code")

start = time.time()
answer = invoke("life", {"n": 1}, LogType="Tail")
equal(answer["StatusCode"], 200, "Invoke status")
equal(answer["Body"], {"you sent": {"n": 1}}, "Invoke payload")
equal(answer["ExecutedVersion"], "$LATEST", "ExecutedVersion")
assert "FunctionError" not in answer, answer
log = base64.b64decode(answer["LogResult"]).decode()
request = answer["ResponseMetadata"]["RequestId"]
for want in (f"START RequestId: {request} Version: $LATEST", "hello {'n': 1}", f"END RequestId: {request}",
             f"REPORT RequestId: {request}\tDuration: ", "\tMemory Size: 256 MB\t", "\tInit Duration: ",
             f"XRAY TraceId: {answer['TraceId']}\tSegmentId: "):
    assert want in log, f"the log does not say {want!r}:\n{log}"

docs = segments(answer["TraceId"])
service, func = service_segment(docs), function_segment(docs)
equal((service["name"], func["name"]), ("life", "life"), "names of both segments")
equal(service["http"]["response"]["status"], 200, "status of the service segment")
equal(service["aws"]["request_id"], request, "request id of the service segment")
equal(service["resource_arn"], farn, "resource_arn of the service segment")
assert "parent_id" not in service and "http" not in func and "resource_arn" not in func, docs
equal(func["parent_id"], service["id"], "parent of the function segment")
equal(func["aws"]["function_arn"], farn, "ARN of the function segment")
equal(func["aws"]["account_id"], account, "account of the function segment")
equal(sorted(names(func)), ["Initialization", "Invocation", "Overhead"], "subsegments, cold")
init, invocation, overhead = sub(func, "Initialization"), sub(func, "Invocation"), sub(func, "Overhead")
assert init["end_time"] <= func["start_time"] <= invocation["start_time"] <= invocation["end_time"] <= overhead["start_time"] <= overhead["end_time"] <= func["end_time"], func
assert service["start_time"] <= func["start_time"] and func["end_time"] <= service["end_time"] + 0.001, (service, func)
assert f"SegmentId: {invocation['id']}" in log, log

summaries = []
for page in xray.get_paginator("get_trace_summaries").paginate(StartTime=start - 60, EndTime=time.time() + 1):
    summaries += page["TraceSummaries"]
equal([s["Id"] for s in summaries], [answer["TraceId"]], "GetTraceSummaries")
summary = summaries[0]
equal((summary["HasError"], summary["HasFault"], summary["HasThrottle"]), (False, False, False), "flags of the summary")
equal(summary["Http"]["HttpStatus"], 200, "status of the summary")
assert 0 < summary["ResponseTime"] <= summary["Duration"] < 30, summary

nodes = []
for page in xray.get_paginator("get_service_graph").paginate(StartTime=start - 60, EndTime=time.time() + 60):
    nodes += page["Services"]
types = {n["Type"]: n for n in nodes}
equal(sorted(types), ["AWS::Lambda", "AWS::Lambda::Function", "client"], "types in the service graph")
equal(types["AWS::Lambda"]["SummaryStatistics"]["OkCount"], 1, "OkCount of AWS::Lambda")
equal([e["ReferenceId"] for e in types["AWS::Lambda"]["Edges"]], [types["AWS::Lambda::Function"]["ReferenceId"]], "edges of AWS::Lambda")
equal(sorted(s["Type"] for s in xray.get_trace_graph(TraceIds=[answer["TraceId"]])["Services"]), sorted(types), "types in the trace graph")

warm = invoke("life", 2, header=f"Root={trace_id()};Sampled=1")
equal(names(function_segment(segments(warm["TraceId"]))).count("Initialization"), 0, "Initialization of a warm call")

version = lam.publish_version(FunctionName="life", Description="one")
equal((version["Version"], version["FunctionArn"]), ("1", farn + ":1"), "PublishVersion")
equal(lam.publish_version(FunctionName="life")["Version"], "1", "PublishVersion without a change")
lam.get_waiter("published_version_active").wait(FunctionName="life", Qualifier="1", WaiterConfig={"Delay": 0.05})
lam.update_function_configuration(FunctionName="life", TracingConfig={"Mode": "PassThrough"})
equal(lam.get_function_configuration(FunctionName="life", Qualifier="1")["TracingConfig"], {"Mode": "Active"}, "mode of the frozen version")
equal(lam.get_function_configuration(FunctionName="life")["TracingConfig"], {"Mode": "PassThrough"}, "mode of $LATEST")
refused("InvalidParameterValueException", None, lam.update_function_configuration, FunctionName=farn + ":1", TracingConfig={"Mode": "PassThrough"})
answer = invoke("life", "v1", Qualifier="1", header=f"Root={trace_id()};Sampled=1")
equal(answer["ExecutedVersion"], "1", "ExecutedVersion of a qualified call")
equal(function_segment(segments(answer["TraceId"]))["name"], "life", "name of a version's segment")
versions = [v["Version"] for p in lam.get_paginator("list_versions_by_function").paginate(FunctionName="life") for v in p["Versions"]]
equal(versions, ["$LATEST", "1"], "versions")
equal([f["FunctionName"] for p in lam.get_paginator("list_functions").paginate() for f in p["Functions"]], ["life"], "ListFunctions")

new = package({"app.py": "def handler(event, context):\n    return 'new'\n"})
code = lam.update_function_code(FunctionName="life", ZipFile=new)
equal(base64.b64decode(code["CodeSha256"]), hashlib.sha256(new).digest(), "CodeSha256")
lam.get_waiter("function_updated_v2").wait(FunctionName="life", WaiterConfig={"Delay": 0.05})
equal(invoke("life")["Body"], "new", "the new code's answer")
equal(invoke("life:1", 5)["Body"], {"you sent": 5}, "the version's answer")
equal(lam.invoke(FunctionName="life", InvocationType="DryRun")["StatusCode"], 204, "DryRun")

for make in (lambda: lam.get_function(FunctionName="absent"), lambda: lam.invoke(FunctionName="absent"),
             lambda: lam.get_function_configuration(FunctionName="life", Qualifier="9"), lambda: lam.delete_function(FunctionName="absent")):
    try:
        make()
        raise AssertionError("an absent function was found")
    except lam.exceptions.ResourceNotFoundException as e:
        assert "Function not found: arn:aws:lambda:" in e.response["Error"]["Message"], e
        equal(e.response["ResponseMetadata"]["HTTPStatusCode"], 404, "status")
try:
    function("life", SOURCE, arn)
    raise AssertionError("a function was made twice")
except lam.exceptions.ResourceConflictException as e:
    assert "life" in e.response["Error"]["Message"], e
try:
    lam.update_function_configuration(FunctionName="life", RevisionId="nonsense", Timeout=5)
    raise AssertionError("a wrong revision id was taken")
except lam.exceptions.PreconditionFailedException as e:
    assert "The Revision Id provided does not match the latest Revision Id" in e.response["Error"]["Message"], e
try:
    iam.get_role(RoleName="absent")
    raise AssertionError("an absent role was found")
except iam.exceptions.NoSuchEntityException as e:
    equal(e.response["ResponseMetadata"]["HTTPStatusCode"], 404, "status of NoSuchEntity")
refused("DeleteConflict", None, iam.delete_role, RoleName="lifecycle")

equal(lam.delete_function(FunctionName="life")["ResponseMetadata"]["HTTPStatusCode"], 204, "DeleteFunction")
refused("ResourceNotFoundException", "Function not found", lam.invoke, FunctionName="life")
refused("ResourceNotFoundException", "Function not found", lam.get_function, FunctionName="life", Qualifier="1")
iam.detach_role_policy(RoleName="lifecycle", PolicyArn=WRITE)
iam.delete_role(RoleName="lifecycle")
refused("NoSuchEntity", None, iam.get_role, RoleName="lifecycle")
