"""Times are real: what a function does can be read off its trace."""
import threading

from cloud import *

IMPORT = "import time\ntime.sleep(0.3)\ndef handler(event, context):\n    time.sleep(event or 0)\n    return event\n"
# A custom runtime that dawdles for 50 ms between its answer and its next.
DAWDLES = """#!/usr/bin/env python3
import os, time, urllib.request
api = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime/invocation/'
while True:
    with urllib.request.urlopen(api + 'next') as event:
        id, body = event.headers['Lambda-Runtime-Aws-Request-Id'], event.read()
    urllib.request.urlopen(urllib.request.Request(api + id + '/response', data=body, method='POST')).close()
    time.sleep(0.05)
"""

arn = role("times")


def sampled(name, payload=None):
    began = time.time()
    answer = invoke(name, payload, header=f"Root={trace_id()};Sampled=1")
    took = time.time() - began
    assert "FunctionError" not in answer, answer
    docs = segments(answer["TraceId"])
    service, func = service_segment(docs), function_segment(docs)
    # The segments end with the runtime's next, which the answer does not wait for.
    assert began - 0.005 <= service["start_time"] and service["end_time"] <= began + took + 0.1, (began, took, service)
    return func


function("imports", IMPORT, arn, "Active")
cold = sampled("imports", 0.2)
init, invocation = sub(cold, "Initialization"), sub(cold, "Invocation")
assert 0.3 <= length(init) < 3, f"Initialization of a 300 ms import: {length(init)}"
assert init["end_time"] <= cold["start_time"], "Initialization lies before the function segment"
assert 0.2 <= length(invocation) < 0.5, f"Invocation of a 200 ms handler, cold: {length(invocation)}"
warm = sampled("imports", 0.2)
assert "Initialization" not in names(warm), names(warm)
assert 0.2 <= length(sub(warm, "Invocation")) < 0.5, f"Invocation of a 200 ms handler, warm: {length(sub(warm, 'Invocation'))}"
assert length(sub(warm, "Overhead")) < 0.05, f"Overhead of a prompt runtime: {length(sub(warm, 'Overhead'))}"

function("dawdles", DAWDLES, arn, "Active")
for call in ("cold", "warm"):
    func = sampled("dawdles", call)
    overhead, invocation = sub(func, "Overhead"), sub(func, "Invocation")
    assert 0.05 <= length(overhead) < 0.3, f"Overhead of a runtime that asks 50 ms late, {call}: {length(overhead)}"
    assert length(invocation) < 0.05, f"Invocation of a prompt handler, {call}: {length(invocation)}"
    assert func["end_time"] >= overhead["end_time"] >= invocation["end_time"] + 0.05, func

# Concurrent calls run in environments of their own, each with an Initialization.

def concurrent():
    client = boto3.client("lambda", config=once)
    root = trace_id()
    client.meta.events.register("before-sign.lambda.Invoke", lambda request, **_: request.headers.__setitem__("X-Amzn-Trace-Id", f"Root={root};Sampled=1"))
    client.invoke(FunctionName="imports", Payload="0.5")
    results.append(root)


results, threads = [], [threading.Thread(target=concurrent) for _ in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
equal(len(results), 3, "answers")
funcs = [function_segment(segments(r)) for r in results]
colds = sum("Initialization" in names(f) for f in funcs)
equal(colds, 2, "environments started for three calls at once, one being warm")
latest = max(sub(f, "Invocation")["start_time"] for f in funcs)
earliest = min(sub(f, "Invocation")["end_time"] for f in funcs)
assert latest < earliest, "the three invocations do not overlap"
