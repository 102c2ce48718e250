"""What a role may: Active tracing is refused to a role without the right, with
AWS's text; a role that loses the right later loses its segments, nothing else;
one that lacks only telemetry loses only telemetry."""
import json
import socket

from cloud import *

REFUSAL = "The provided execution role does not have permissions to call PutTraceSegments on XRAY"
SOURCE = """import json, os, socket, time
def handler(event, context):
    h = dict(p.split('=') for p in os.environ['_X_AMZN_TRACE_ID'].split(';'))
    host, port = os.environ['AWS_XRAY_DAEMON_ADDRESS'].rsplit(':', 1)
    doc = {'id': os.urandom(8).hex(), 'name': 'work', 'type': 'subsegment', 'trace_id': h['Root'], 'parent_id': h['Parent'],
           'start_time': time.time() - 0.001, 'end_time': time.time()}
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'{"format":"json","version":1}\\n' + json.dumps(doc).encode(), (host, int(port)))
    return os.environ['AWS_ACCESS_KEY_ID'] != '' and os.environ['AWS_SESSION_TOKEN'] != ''
"""


def sampled(name):
    header = f"Root={trace_id()};Sampled=1"
    answer = invoke(name, header=header)
    equal(answer["Body"], True, f"answer of {name}")
    return answer["TraceId"]


bare = role("bare", policies=("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",))
other = role("other", service="ec2.amazonaws.com")
full = role("full")

# Refused at create and at update; nothing is left of the refused function.
refused("InvalidParameterValueException", REFUSAL, function, "f", SOURCE, bare, "Active")
refused("ResourceNotFoundException", None, lam.get_function, FunctionName="f")
refused("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.", function, "f", SOURCE, other)
refused("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.", function, "f", SOURCE,
        f"arn:aws:iam::{account}:role/absent")
function("f", SOURCE, bare)
refused("InvalidParameterValueException", REFUSAL, lam.update_function_configuration, FunctionName="f", TracingConfig={"Mode": "Active"})
equal(lam.get_function_configuration(FunctionName="f")["TracingConfig"], {"Mode": "PassThrough"}, "mode after the refusal")

# An inline policy gives the right; a Deny takes it, whatever else is attached.
iam.put_role_policy(RoleName="bare", PolicyName="xray", PolicyDocument=json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*"}}))
lam.update_function_configuration(FunctionName="f", TracingConfig={"Mode": "Active"})
lam.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig={"Delay": 0.05})
docs = segments(sampled("f"), lambda docs: len(docs) == 2)
equal(names(sub(function_segment(docs), "Invocation")), ["work"], "below Invocation")
iam.put_role_policy(RoleName="bare", PolicyName="deny", PolicyDocument=json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "xray:*Segments", "Resource": "*"}]}))
equal(documents(sampled("f")), [], "documents of a role that lost the right")
refused("InvalidParameterValueException", REFUSAL, lam.update_function_configuration, FunctionName="f", TracingConfig={"Mode": "Active"})

# A role that loses the managed policy, then gets it again: nothing but that counts.
function("g", SOURCE, full, "Active")
segments(sampled("g"))
iam.detach_role_policy(RoleName="full", PolicyArn=WRITE)
equal(documents(sampled("g")), [], "documents after the policy was detached")
equal(lam.get_function_configuration(FunctionName="g")["TracingConfig"], {"Mode": "Active"}, "the mode stays")
iam.attach_role_policy(RoleName="full", PolicyArn=WRITE)
docs = segments(sampled("g"))
equal(names(sub(function_segment(docs), "Invocation")), ["work"], "below Invocation, right given back")

# Only PutTelemetryRecords lacks: segments come.
only = role("only", policies=())
iam.put_role_policy(RoleName="only", PolicyName="segments", PolicyDocument=json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}]}))
function("h", SOURCE, only, "Active")
docs = segments(sampled("h"))
equal(names(sub(function_segment(docs), "Invocation")), ["work"], "below Invocation, without the telemetry right")

# Switching active tracing off needs no right.
iam.detach_role_policy(RoleName="full", PolicyArn=WRITE)
lam.update_function_configuration(FunctionName="g", TracingConfig={"Mode": "PassThrough"})

# What a role has is listed, and what is taken from it is gone.
equal(sorted(r["RoleName"] for p in iam.get_paginator("list_roles").paginate() for r in p["Roles"])[:2], ["bare", "full"], "roles")
equal(iam.list_role_policies(RoleName="bare")["PolicyNames"], ["deny", "xray"], "inline policies")
equal(iam.get_role_policy(RoleName="bare", PolicyName="deny")["PolicyDocument"]["Statement"][0]["Effect"], "Deny", "the policy")
iam.delete_role_policy(RoleName="bare", PolicyName="deny")
equal(iam.list_role_policies(RoleName="bare")["PolicyNames"], ["xray"], "inline policies after one was deleted")
refused("NoSuchEntity", None, iam.get_role_policy, RoleName="bare", PolicyName="deny")
