"""Asynchronous calls: the 202, the wait in the queue, the attempts."""
from cloud import *

SOURCE = """import time
def handler(event, context):
    time.sleep(event.get('sleep', 0))
    if event.get('fail'):
        raise RuntimeError('attempt failed')
    return 'done'
"""

arn = role("queue")
function("queued", SOURCE, arn, "Active", Timeout=5)


def event(payload):
    answer = invoke("queued", payload, header=f"Root={trace_id()};Parent={segment_id()};Sampled=1", InvocationType="Event")
    equal((answer["StatusCode"], answer["Body"]), (202, None), "answer of an asynchronous call")
    return answer


def attempts(docs):
    return [s for s in service_segment(docs)["subsegments"] if s["name"].startswith("Attempt")]


answer = event({})
docs = segments(answer["TraceId"], lambda docs: of_origin(docs, "AWS::Lambda::Function"))
service, func = service_segment(docs), function_segment(docs)
equal(service["http"]["response"]["status"], 202, "status of the service segment")
dwell, attempt = sub(service, "Dwell Time"), sub(service, "Attempt #1")
equal(attempt["http"]["response"]["status"], 200, "status of attempt 1")
equal(dwell["start_time"], service["start_time"], "start of the dwell time")
assert attempt["start_time"] >= dwell["end_time"] and attempt["end_time"] >= sub(func, "Invocation")["end_time"] - 0.001, (service, func)
assert func["parent_id"] in (attempt["id"], service["id"]), func

# A failing function is tried three times, each with a function segment of its own.
answer = event({"fail": 1})
docs = segments(answer["TraceId"], lambda docs: len(of_origin(docs, "AWS::Lambda::Function")) == 3 and len(attempts(docs)) == 3)
service = service_segment(docs)
equal([s["name"] for s in service["subsegments"]].count("Dwell Time"), 1, "dwell times")
equal([a["name"] for a in sorted(attempts(docs), key=lambda a: a["start_time"])], ["Attempt #1", "Attempt #2", "Attempt #3"], "attempts")
for a in attempts(docs):
    equal(a["error"], True, f"error of {a['name']}")
    equal(a["cause"]["exceptions"][0]["message"], "attempt failed", f"cause of {a['name']}")
equal(len({f["id"] for f in of_origin(docs, "AWS::Lambda::Function")}), 3, "function segments")
equal({f["aws"].get("function_arn") for f in of_origin(docs, "AWS::Lambda::Function")}, {f"arn:aws:lambda:{region}:{account}:function:queued"}, "functions")

# Held for 300 ms and more: the only environment is busy with another event (the
# server has --max-environments 1), so this one waits in the queue, and its trace
# says so.
event({"sleep": 0.8})
time.sleep(0.1)
answer = event({})
docs = segments(answer["TraceId"], lambda docs: of_origin(docs, "AWS::Lambda::Function"))
dwell = sub(service_segment(docs), "Dwell Time")
assert 0.3 <= length(dwell) < 5, f"dwell time behind a busy environment: {length(dwell)}"
assert length(service_segment(docs)) < 0.2, "the service segment ends at the 202"
