"""AWS's limits as boto3 meets them: what is thrown, what is unprocessed, and that
the client's own retries get through. The server allows 40 segments a second."""

import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RATE = 40


def documents(n, age=0):
    now = time.time() - age
    return [
        json.dumps(
            {
                "trace_id": "1-%08x-%s" % (int(now), os.urandom(12).hex()),
                "id": os.urandom(8).hex(),
                "name": "shop",
                "start_time": now,
                "end_time": now + 0.1,
            }
        )
        for _ in range(n)
    ]


def refused(call, **params):
    try:
        call(**params)
    except ClientError as e:
        return e.response["Error"]["Code"], e.response["ResponseMetadata"]
    raise AssertionError("nothing was refused")


once = boto3.client("xray", config=Config(retries={"total_max_attempts": 1}))
patient = boto3.client("xray", config=Config(retries={"mode": "standard", "total_max_attempts": 10}))

# Within the rate nothing is unprocessed; beyond it the whole batch is thrown.
assert once.put_trace_segments(TraceSegmentDocuments=documents(RATE))["UnprocessedTraceSegments"] == []
code, meta = refused(once.put_trace_segments, TraceSegmentDocuments=documents(RATE))
assert code == "ThrottledException" and meta["HTTPStatusCode"] == 429, (code, meta)
try:
    once.put_trace_segments(TraceSegmentDocuments=documents(RATE))
    raise AssertionError("not throttled")
except once.exceptions.ThrottledException as e:
    assert "Rate exceeded" in str(e), e

# A client that retries gets through when the bucket has filled again.
answer = patient.put_trace_segments(TraceSegmentDocuments=documents(RATE))
assert answer["UnprocessedTraceSegments"] == [], answer
assert answer["ResponseMetadata"]["RetryAttempts"] > 0, answer["ResponseMetadata"]

# Another region has a bucket of its own.
elsewhere = boto3.client("xray", region_name="ap-south-1", config=Config(retries={"total_max_attempts": 1}))
assert elsewhere.put_trace_segments(TraceSegmentDocuments=documents(RATE))["UnprocessedTraceSegments"] == []

# What is too old or too long is named in the answer, and its neighbour is stored.
fresh, old, long = documents(1)[0], documents(1, age=31 * 86400)[0], json.loads(documents(1)[0])
long["metadata"] = {"x": {"y": "z" * 65536}}
answer = patient.put_trace_segments(TraceSegmentDocuments=[fresh, old, json.dumps(long)])
unprocessed = {u["Id"]: u["ErrorCode"] for u in answer["UnprocessedTraceSegments"]}
assert unprocessed == {json.loads(old)["id"]: "InvalidTraceId", long["id"]: "SegmentTooLarge"}, unprocessed
ids = [json.loads(d)["trace_id"] for d in (fresh, old)] + [long["trace_id"]]
found = patient.batch_get_traces(TraceIds=ids)
assert [t["Id"] for t in found["Traces"]] == ids[:1] and sorted(found["UnprocessedTraceIds"]) == sorted(ids[1:]), found

# Groups, rules, tags and policies beyond their number.
for i in range(3):
    patient.create_group(GroupName="g%d" % i)
code, meta = refused(once.create_group, GroupName="one-too-many")
assert code == "InvalidRequestException" and meta["HTTPStatusCode"] == 400, (code, meta)
arn = patient.get_group(GroupName="g0")["Group"]["GroupARN"]
code, _ = refused(once.tag_resource, ResourceARN=arn, Tags=[{"Key": "k%d" % i, "Value": ""} for i in range(51)])
assert code == "TooManyTagsException", code
