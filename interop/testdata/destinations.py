"""How events are run, and who is told of their end, through boto3."""
from cloud import *

SOURCE = "def handler(event, context):\n    if event.get('fail'):\n        raise ValueError('no')\n    return event\n"
arn = role("destinations")
iam.put_role_policy(RoleName="destinations", PolicyName="tell", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"arn:aws:lambda:{region}:{account}:function:told"}]}))
for name in ("fn", "told", "secret"):
    function(name, SOURCE, arn, "Active")
whole = f"arn:aws:lambda:{region}:{account}:function:"

refused("ResourceNotFoundException", "doesn't have an EventInvokeConfig", lam.get_function_event_invoke_config, FunctionName="fn")
refused("InvalidParameterValueException", "permissions to call InvokeFunction", lam.put_function_event_invoke_config, FunctionName="fn",
        DestinationConfig={"OnSuccess": {"Destination": whole + "secret"}})
refused("InvalidParameterValueException", "at least one", lam.put_function_event_invoke_config, FunctionName="fn")
made = lam.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=0, DestinationConfig={
    "OnSuccess": {"Destination": whole + "told"}, "OnFailure": {"Destination": whole + "told"}})
equal(made["FunctionArn"], whole + "fn:$LATEST", "what is configured")
lam.update_function_event_invoke_config(FunctionName="fn", MaximumEventAgeInSeconds=600)
got = lam.get_function_event_invoke_config(FunctionName="fn")
equal((got["MaximumRetryAttempts"], got["MaximumEventAgeInSeconds"], got["DestinationConfig"]["OnFailure"]["Destination"]), (0, 600, whole + "told"), "configuration")
equal([c["FunctionArn"] for p in lam.get_paginator("list_function_event_invoke_configs").paginate(FunctionName="fn") for c in p["FunctionEventInvokeConfigs"]],
      [whole + "fn:$LATEST"], "configurations")

# One trace shows the event, its one attempt, and the destination's run below it.
for payload in ({}, {"fail": 1}):
    answer = invoke("fn", payload, header=f"Root={trace_id()};Sampled=1", InvocationType="Event")
    docs = segments(answer["TraceId"], lambda docs: len(of_origin(docs, "AWS::Lambda::Function")) == 2 and len(of_origin(docs, "AWS::Lambda")) == 2)
    by = {d["name"]: d for d in of_origin(docs, "AWS::Lambda")}
    equal(by["told"]["parent_id"], by["fn"]["id"], "parent of the destination's segment")
    equal([s["name"] for s in by["fn"]["subsegments"]], ["Dwell Time", "Attempt #1"], "attempts")
    equal(by["fn"]["subsegments"][1].get("error", False), bool(payload), "error of the attempt")

lam.delete_function_event_invoke_config(FunctionName="fn")
refused("ResourceNotFoundException", "doesn't have an EventInvokeConfig", lam.update_function_event_invoke_config, FunctionName="fn", MaximumRetryAttempts=1)
