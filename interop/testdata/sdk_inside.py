"""The X-Ray SDK for Python inside a function: its subsegments hang under
Invocation, with what the calls came to. Arguments: what S3 and DynamoDB answer
there, "forwarded" or "unserved"."""
import sys

from cloud import *

SOURCE = """import os
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from aws_xray_sdk.core import patch_all, xray_recorder
patch_all()
once = Config(retries={'total_max_attempts': 1})
s3 = boto3.client('s3', config=once)
dynamodb = boto3.client('dynamodb', config=once)

def try_(call, **kw):
    try:
        return call(**kw)['ResponseMetadata']['HTTPStatusCode']
    except ClientError as e:
        return {'code': e.response['Error']['Code'], 'message': e.response['Error']['Message'], 'status': e.response['ResponseMetadata']['HTTPStatusCode']}

def handler(event, context):
    with xray_recorder.in_subsegment('## work') as work:
        work.put_annotation('order', event['order'])
        put = try_(s3.put_object, Bucket='photos', Key='k', Body=b'hello')
    tables = try_(dynamodb.list_tables)
    if event.get('fail'):
        with xray_recorder.in_subsegment('breaks'):
            raise RuntimeError('on purpose')
    return {'put': put, 'tables': tables, 'parent': xray_recorder.current_segment().id}
"""

forwarded = sys.argv[1] == "forwarded"
arn = role("inside")
function("inside", SOURCE, arn, "Active", Timeout=30, MemorySize=512, Environment={"Variables": {"PYTHONPATH": os.environ["SITE_PACKAGES"]}})


def call(order, **event):
    root, caller = trace_id(), segment_id()
    answer = invoke("inside", {"order": order, **event}, header=f"Root={root};Parent={caller};Sampled=1")
    docs = segments(root, lambda docs: len([d for d in docs if d.get("inferred")]) >= 2)
    return answer, docs, function_segment(docs)


for order in (1, 2):  # cold, then warm: the context must be the new one's
    answer, docs, func = call(order)
    body = answer["Body"]
    invocation = sub(func, "Invocation")
    equal("Initialization" in names(func), order == 1, f"Initialization of call {order}")
    equal(body["parent"], invocation["id"], "the SDK's parent is Invocation")
    equal(sorted(names(invocation)), ["## work", "dynamodb"], "below Invocation")
    work = sub(invocation, "## work")
    equal(work["annotations"], {"order": order}, "annotations")
    put, tables = sub(work, "s3"), sub(invocation, "dynamodb")
    for entity, operation in ((put, "PutObject"), (tables, "ListTables")):
        equal((entity["namespace"], entity["aws"]["operation"]), ("aws", operation), f"subsegment of {operation}")
        status = entity["http"]["response"]["status"]
        if forwarded:
            equal((status, entity.get("error"), entity.get("fault")), (200, None, None), f"status and flags of {operation}")
        else:
            assert status >= 400 and (entity.get("error") or entity.get("fault")), entity
            exception = entity["cause"]["exceptions"][0]
            assert "--fallback-endpoint" in exception["message"], exception
    if not forwarded:
        assert "--fallback-endpoint" in body["put"]["message"] and "--fallback-endpoint" in body["tables"]["message"], body
    inferred = {d["name"]: d for d in docs if d.get("inferred")}
    equal(sorted(inferred), ["dynamodb", "s3"], "inferred segments")
    equal(inferred["s3"]["parent_id"], put["id"], "parent of the inferred S3 segment")
    equal(inferred["dynamodb"]["parent_id"], tables["id"], "parent of the inferred DynamoDB segment")

answer, docs, func = call(3, fail=True)
equal((answer["FunctionError"], answer["Body"]["errorType"]), ("Unhandled", "RuntimeError"), "answer of a failing handler")
breaks = sub(sub(func, "Invocation"), "breaks")
equal(breaks["cause"]["exceptions"][0]["message"], "on purpose", "cause of the subsegment")
equal(func["error"], True, "error of the function segment")

root = trace_id()
invoke("inside", {"order": 4}, header=f"Root={root};Parent={segment_id()};Sampled=0")
equal(documents(root), [], "documents of an unsampled call")
