"""Both modes against every form of an upstream decision: what is recorded, what
the function sees, what the caller is told."""
from cloud import *

SOURCE = """import os
def handler(event, context):
    return {k: os.environ.get(k) for k in ('_X_AMZN_TRACE_ID', 'AWS_XRAY_CONTEXT_MISSING', 'AWS_XRAY_DAEMON_ADDRESS')}
"""

arn = role("modes")
for mode in ("Active", "PassThrough"):
    function(mode, SOURCE, arn, mode)


def call(mode, header):
    answer = invoke(mode, header=header)
    assert "FunctionError" not in answer, answer
    seen = answer["Body"]["_X_AMZN_TRACE_ID"]
    equal(answer["Body"]["AWS_XRAY_CONTEXT_MISSING"], "LOG_ERROR", "AWS_XRAY_CONTEXT_MISSING")
    assert answer["Body"]["AWS_XRAY_DAEMON_ADDRESS"].count(":") >= 1, answer["Body"]
    equal(part(seen, "Root"), answer["TraceId"], f"{mode} {header}: Root of the function and of the answer")
    return answer, seen


for mode in ("Active", "PassThrough"):
    # Upstream decided to record: both segments, below the caller.
    root, parent = trace_id(), segment_id()
    answer, seen = call(mode, f"Root={root};Parent={parent};Sampled=1")
    equal(answer["TraceId"], root, f"{mode}: the trace goes on")
    docs = segments(root)
    service, func = service_segment(docs), function_segment(docs)
    equal(service["parent_id"], parent, f"{mode}: parent of the service segment")
    equal(part(seen, "Parent"), sub(func, "Invocation")["id"], f"{mode}: Parent that the function sees")
    equal(part(seen, "Sampled"), "1", f"{mode}: Sampled that the function sees")

    # Blanks, other letter case, parts to pass on.
    root = trace_id()
    answer, seen = call(mode, f"root={root}; parent={parent}; sampled=1; Self=1-12345678-123456781234567812345678; Lineage=a87bd80c:1")
    segments(root)
    equal(part(seen, "Lineage"), "a87bd80c:1", f"{mode}: Lineage is passed on")
    assert "Self" not in seen, seen

    # Upstream decided not to record.
    root = trace_id()
    answer, seen = call(mode, f"Root={root};Parent={parent};Sampled=0")
    equal(answer["TraceId"], root, f"{mode}: the trace id is kept")
    equal(part(seen, "Sampled"), "0", f"{mode}: Sampled=0 reaches the function")
    equal(documents(root), [], f"{mode}: documents of an unsampled trace")

# No decision: Active decides, 1 a second and then 5 %; PassThrough records nothing.
recorded = 0
for header in (None, "Root={}", "Root={};Parent=53995c3f42cd8ad8", "Root={};Sampled=?", "nonsense", "Root=1-2;Sampled=1"):
    for mode in ("Active", "PassThrough"):
        # The first request of a second is recorded; a fresh second makes it certain.
        time.sleep(1.02 - time.time() % 1)
        root = trace_id()
        answer, seen = call(mode, header and header.format(root))
        if header and "{}" in header:
            equal(answer["TraceId"], root, f"{mode} {header}: the trace id is kept")
        docs = documents(answer["TraceId"])
        if mode == "Active":
            equal(part(seen, "Sampled"), "1", f"Active {header}: decision")
            docs = segments(answer["TraceId"])
            equal(part(seen, "Parent"), sub(function_segment(docs), "Invocation")["id"], f"Active {header}: Parent")
            recorded += 1
        else:
            equal(docs, [], f"PassThrough {header}: documents")
            assert part(seen, "Sampled") in ("0", None), seen
equal(recorded, 6, "recorded by Active")

# Beyond the reservoir about 5 % are taken. 120 requests in a few seconds: all
# or none recorded would be (nearly) impossible.
began, sampled = time.time(), 0
for _ in range(120):
    _, seen = call("Active", None)
    sampled += part(seen, "Sampled") == "1"
most = (time.time() - began + 2) + 120 * 0.05 + 20
assert 1 <= sampled <= most, f"{sampled} of 120 requests sampled in {time.time() - began:.1f} s"

# A published version keeps the mode it was published with, both ways.
one = lam.publish_version(FunctionName="Active")["Version"]
lam.update_function_configuration(FunctionName="Active", TracingConfig={"Mode": "PassThrough"})
lam.get_waiter("function_updated_v2").wait(FunctionName="Active", WaiterConfig={"Delay": 0.05})
two = lam.publish_version(FunctionName="Active")["Version"]
equal([v["TracingConfig"]["Mode"] for v in lam.list_versions_by_function(FunctionName="Active")["Versions"]],
      ["PassThrough", "Active", "PassThrough"], "modes of $LATEST, 1 and 2")
time.sleep(1.02 - time.time() % 1)
equal(part(invoke("Active", Qualifier=one)["Body"]["_X_AMZN_TRACE_ID"], "Sampled"), "1", "the frozen Active version samples")
time.sleep(1.02 - time.time() % 1)
answer = invoke("Active", Qualifier=two)
equal(documents(answer["TraceId"]), [], "documents of the PassThrough version")
