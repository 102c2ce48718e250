"""The X-Ray SDKs for Python and Node inside a function: their subsegments hang
under Invocation, with what the calls of the AWS SDK came to. Arguments: the
language; what S3 and DynamoDB answer there, "forwarded" or "unserved"."""
import sys

from cloud import *

PYTHON = """import os
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

NODE = """const AWSXRay = require('aws-xray-sdk-core')
const { S3Client, PutObjectCommand } = require('@aws-sdk/client-s3')
const { DynamoDBClient, ListTablesCommand } = require('@aws-sdk/client-dynamodb')
const s3 = AWSXRay.captureAWSv3Client(new S3Client({ maxAttempts: 1 }))
const dynamodb = AWSXRay.captureAWSv3Client(new DynamoDBClient({ maxAttempts: 1 }))

const outcome = (call) => call.then((out) => out.$metadata.httpStatusCode, (e) => ({ code: e.name, message: e.message, status: e.$metadata.httpStatusCode }))

class RuntimeError extends Error { name = 'RuntimeError' }

exports.handler = async (event) => {
  const put = await AWSXRay.captureAsyncFunc('## work', async (work) => {
    work.addAnnotation('order', event.order)
    const put = await outcome(s3.send(new PutObjectCommand({ Bucket: 'photos', Key: 'k', Body: 'hello' })))
    work.close()
    return put
  })
  const tables = await outcome(dynamodb.send(new ListTablesCommand({})))
  if (event.fail) {
    AWSXRay.captureFunc('breaks', () => { throw new RuntimeError('on purpose') })
  }
  return { put, tables, parent: AWSXRay.getSegment().id }
}
"""

source, file, packages, S3, DYNAMODB = {
    "python": (PYTHON, "app.py", "PYTHONPATH", "s3", "dynamodb"),
    "node": (NODE, "app.js", "NODE_PATH", "S3", "DynamoDB"),
}[sys.argv[1]]
forwarded = sys.argv[2] == "forwarded"
arn = role("inside")
function("inside", source, arn, "Active", file=file, Timeout=30, MemorySize=512, Environment={"Variables": {packages: os.environ["PACKAGES"]}})


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
    equal(sorted(names(invocation)), ["## work", DYNAMODB], "below Invocation")
    work = sub(invocation, "## work")
    equal(work["annotations"], {"order": order}, "annotations")
    put, tables = sub(work, S3), sub(invocation, DYNAMODB)
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
    equal(sorted(inferred), sorted([DYNAMODB, S3]), "inferred segments")
    equal(inferred[S3]["parent_id"], put["id"], "parent of the inferred S3 segment")
    equal(inferred[DYNAMODB]["parent_id"], tables["id"], "parent of the inferred DynamoDB segment")

answer, docs, func = call(3, fail=True)
equal((answer["FunctionError"], answer["Body"]["errorType"]), ("Unhandled", "RuntimeError"), "answer of a failing handler")
breaks = sub(sub(func, "Invocation"), "breaks")
equal(breaks["cause"]["exceptions"][0]["message"], "on purpose", "cause of the subsegment")
equal(func["error"], True, "error of the function segment")

root = trace_id()
invoke("inside", {"order": 4}, header=f"Root={root};Parent={segment_id()};Sampled=0")
equal(documents(root), [], "documents of an unsampled call")
