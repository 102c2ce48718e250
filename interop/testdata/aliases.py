"""Aliases, permissions, tags and concurrency through boto3, on functions that run."""
from cloud import *

SOURCE = "import os\ndef handler(event, context):\n    return [os.environ['WHO'], context.function_version, context.invoked_function_arn]\n"
arn = role("aliases")
function("fn", SOURCE, arn, "Active", Environment={"Variables": {"WHO": "one"}}, Publish=True)
lam.update_function_configuration(FunctionName="fn", Environment={"Variables": {"WHO": "two"}})
lam.get_waiter("function_updated").wait(FunctionName="fn")
equal(lam.publish_version(FunctionName="fn")["Version"], "2", "second version")
whole = f"arn:aws:lambda:{region}:{account}:function:fn"


def run(**kw):
    answer = lam.invoke(FunctionName="fn", Payload=b"{}", **kw)
    return json.loads(answer["Payload"].read()), answer["ExecutedVersion"]


# An alias gives its version, follows it, and divides.
live = lam.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
equal(live["AliasArn"], whole + ":live", "ARN of the alias")
equal(run(Qualifier="live"), (["one", "1", whole + ":live"], "1"), "by alias")
lam.update_alias(FunctionName="fn", Name="live", FunctionVersion="2", RevisionId=live["RevisionId"])
refused("PreconditionFailedException", "GetFunction/GetAlias", lam.update_alias, FunctionName="fn", Name="live", RevisionId=live["RevisionId"])
equal(run(Qualifier="live"), (["two", "2", whole + ":live"], "2"), "the alias after its move")
lam.update_alias(FunctionName="fn", Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}})
seen = {run(Qualifier="live")[1] for _ in range(64)}
equal(seen, {"1", "2"}, "versions behind a divided alias")
config = lam.get_function_configuration(FunctionName="fn", Qualifier="live")
equal((config["FunctionArn"], config["Version"]), (whole + ":live", "2"), "configuration by alias")
equal([a["Name"] for p in lam.get_paginator("list_aliases").paginate(FunctionName="fn") for a in p["Aliases"]], ["live"], "aliases")
refused("ResourceConflictException", "[live]", lam.delete_function, FunctionName="fn", Qualifier="1")

# The trace says by which name it was invoked.
answer = invoke("fn", {}, header=f"Root={trace_id()};Sampled=1", Qualifier="live")
docs = segments(answer["TraceId"], lambda docs: of_origin(docs, "AWS::Lambda::Function"))
equal(service_segment(docs)["resource_arn"], whole + ":live", "resource_arn")
equal(function_segment(docs)["aws"]["function_arn"], f"{whole}:{answer['ExecutedVersion']}", "function_arn")

# Permissions.
statement = json.loads(lam.add_permission(FunctionName="fn", Qualifier="live", StatementId="s3", Action="lambda:InvokeFunction",
                                          Principal="s3.amazonaws.com", SourceArn="arn:aws:s3:::bucket", SourceAccount=account)["Statement"])
policy = lam.get_policy(FunctionName="fn", Qualifier="live")
equal(json.loads(policy["Policy"])["Statement"], [statement], "policy")
equal(statement["Resource"], whole + ":live", "resource of the statement")
refused("ResourceNotFoundException", "No policy is associated", lam.get_policy, FunctionName="fn")
lam.remove_permission(FunctionName="fn", Qualifier="live", StatementId="s3", RevisionId=policy["RevisionId"])
refused("ResourceNotFoundException", "No policy is associated", lam.get_policy, FunctionName="fn", Qualifier="live")

# Tags.
lam.tag_resource(Resource=whole, Tags={"team": "a", "stage": "b"})
lam.untag_resource(Resource=whole, TagKeys=["stage"])
equal(lam.list_tags(Resource=whole)["Tags"], {"team": "a"}, "tags")
equal(lam.get_function(FunctionName="fn")["Tags"], {"team": "a"}, "tags of the function")

# Concurrency: none is left, then all.
lam.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)
e = refused("TooManyRequestsException", "Rate Exceeded.", lam.invoke, FunctionName="fn")
equal(e.response["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded", "reason")
equal(lam.get_function(FunctionName="fn")["Concurrency"], {"ReservedConcurrentExecutions": 0}, "concurrency")
lam.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=5)
equal(lam.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"], 995, "what is left to the account")
lam.delete_function_concurrency(FunctionName="fn")
assert "ReservedConcurrentExecutions" not in lam.get_function_concurrency(FunctionName="fn")
equal(run()[1], "$LATEST", "version without a qualifier")

# What deploy tools read.
equal(lam.get_function_code_signing_config(FunctionName="fn")["FunctionName"], "fn", "code signing")
equal(lam.get_runtime_management_config(FunctionName="fn")["UpdateRuntimeOn"], "Auto", "runtime updates")
equal(lam.get_function_recursion_config(FunctionName="fn")["RecursiveLoop"], "Terminate", "recursion")

lam.delete_alias(FunctionName="fn", Name="live")
refused("ResourceNotFoundException", whole + ":live", lam.invoke, FunctionName="fn", Qualifier="live")
lam.delete_function(FunctionName="fn", Qualifier="1")
lam.delete_function(FunctionName="fn")
refused("ResourceNotFoundException", None, lam.list_aliases, FunctionName="fn")

# The response as a stream of events.
function("stream", "def handler(event, context):\n    return 1 / 0 if event.get('fail') else 'x' * 200000\n", arn, "Active")
answer = lam.invoke_with_response_stream(FunctionName="stream", Payload=b"{}")
events = list(answer["EventStream"])
equal(b"".join(e["PayloadChunk"]["Payload"] for e in events if "PayloadChunk" in e), json.dumps("x" * 200000).encode(), "streamed response")
assert "InvokeComplete" in events[-1] and "ErrorCode" not in events[-1]["InvokeComplete"], events[-1]
events = list(lam.invoke_with_response_stream(FunctionName="stream", Payload=b'{"fail": 1}', LogType="Tail")["EventStream"])
equal(events[-1]["InvokeComplete"]["ErrorCode"], "Unhandled", "error of a streamed response")
equal(json.loads(events[-1]["InvokeComplete"]["ErrorDetails"])["errorType"], "ZeroDivisionError", "its details")
