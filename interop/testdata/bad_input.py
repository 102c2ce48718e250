"""What is wrong is refused with the AWS error that boto3 knows, never by a 5xx."""
import json

from cloud import *

SOURCE = "def handler(event, context):\n    return event\n"
arn = role("bad")
# A client that does not check what it sends.
lam = boto3.client("lambda", config=once.merge(Config(parameter_validation=False)))


def create(name="bad", archive=None, **kw):
    return lam.create_function(**{**dict(FunctionName=name, Role=arn, Runtime=runtime, Handler="app.handler",
                               Code={"ZipFile": package({"app.py": SOURCE}) if archive is None else archive}), **kw})


UNZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
good = package({"app.py": SOURCE})
for junk in (b"not a zip", good[:-30], good[20:], b"PK\x03\x04" + b"\0" * 100):
    refused("InvalidParameterValueException", UNZIP, create, archive=junk)
# Every way out of the folder: names in a zip are never trusted.
for name in ("../../../../../../tmp/radiograph-escaped", "/tmp/radiograph-escaped"):
    try:
        create("escape", package({"app.py": SOURCE, name: "x"}))
        lam.get_waiter("function_active_v2").wait(FunctionName="escape", WaiterConfig={"Delay": 0.05})
        invoke("escape")
        lam.delete_function(FunctionName="escape")
    except ClientError as e:
        assert e.response["ResponseMetadata"]["HTTPStatusCode"] < 500, e
    assert not os.path.exists("/tmp/radiograph-escaped"), f"{name} left its folder"
equal([f["FunctionName"] for f in lam.list_functions()["Functions"]], [], "functions after refusals")

for kw in (dict(Runtime="cobol74"), dict(Runtime="go1.x"), dict(Role="nonsense"), dict(Timeout=0), dict(Timeout=100000), dict(MemorySize=1),
           dict(FunctionName="a b"), dict(FunctionName="x" * 65), dict(TracingConfig={"Mode": "active"}),
           dict(Environment={"Variables": {"A": "x" * 5000}}), dict(Environment={"Variables": {"AWS_LAMBDA_RUNTIME_API": "x"}}),
           dict(Environment={"Variables": {"_X_AMZN_TRACE_ID": "x"}}), dict(Environment={"Variables": {"a b": "x"}})):
    try:
        create(**kw)
        raise AssertionError(f"CreateFunction took {kw}")
    except ClientError as e:
        equal(e.response["ResponseMetadata"]["HTTPStatusCode"], 400, f"status for {kw}: {e}")
        assert e.response["Error"]["Code"] in ("ValidationException", "InvalidParameterValueException"), (kw, e)
refused("ValidationException", "failed to satisfy constraint: Member must satisfy enum value set: [Active, PassThrough]", create, TracingConfig={"Mode": "active"})

create("f", Timeout=5)
lam.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 0.05})
refused("InvalidParameterValueException", UNZIP, lam.update_function_code, FunctionName="f", ZipFile=b"junk")
refused("RequestTooLargeException", None, lam.invoke, FunctionName="f", Payload=b'"' + b"x" * 7_000_000 + b'"')
refused("RequestTooLargeException", None, lam.invoke, FunctionName="f", InvocationType="Event", Payload=b'"' + b"x" * 2_000_000 + b'"')
for payload in (b"{", b"nonsense", b"{} {}", b"\xff\xfe", b'{"a":}', b"[" * 100000):
    refused("InvalidRequestContentException", "Could not parse request body into json", lam.invoke, FunctionName="f", Payload=payload)
refused("ResourceNotFoundException", "Function not found: arn:aws:lambda:", lam.invoke, FunctionName="nobody")
refused("ResourceNotFoundException", "Function not found: arn:aws:lambda:", lam.invoke, FunctionName="f", Qualifier="77")
refused("ResourceNotFoundException", None, lam.invoke, FunctionName="f", Qualifier="noalias")
refused("InvalidRequestContentException", None, lam.invoke, FunctionName="f", ClientContext="%%%")
equal(invoke("f", {"fine": 1})["Body"], {"fine": 1}, "the function, after all that")

# A handler that is not there, a module that is not there, a runtime that ends.
for handler, error, text in (("app.nobody", "Runtime.HandlerNotFound", "nobody"), ("nomodule.handler", "Runtime.ImportModuleError", "nomodule"),
                             ("nonsense", "Runtime.MalformedHandlerName", "nonsense")):
    name = handler.replace(".", "-")
    create(name, Handler=handler, TracingConfig={"Mode": "Active"})
    lam.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
    answer = invoke(name, header=f"Root={trace_id()};Sampled=1")
    equal((answer["StatusCode"], answer["FunctionError"]), (200, "Unhandled"), f"answer of {handler}")
    equal(answer["Body"]["errorType"], error, f"error type of {handler}")
    assert text in answer["Body"]["errorMessage"], answer["Body"]
    docs = segments(answer["TraceId"])
    equal((service_segment(docs)["error"], function_segment(docs)["error"]), (True, True), f"flags for {handler}")

for source, error, text in (("import os\nos._exit(3)\n", "Runtime.ExitError", "exit status 3"),
                            ("def handler(e, c):\n    import os\n    os._exit(4)\n", "Runtime.ExitError", "exit status 4"),
                            ("def handler(e, c):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n", "Runtime.ExitError", "signal: killed"),
                            ("def handler(e, c):\n    raise ValueError('on purpose')\n", "ValueError", "on purpose"),
                            ("def handler(e, c):\n    return object()\n", "Runtime.MarshalError", "object"),
                            ("def handler(e, c):\n    return 'x' * 7000000\n", "Function.ResponseSizeTooLarge", "6291556"),
                            ("import time\ndef handler(e, c):\n    time.sleep(30)\n", "Sandbox.Timedout", "Task timed out after 1.00 seconds")):
    name = f"ends-{segment_id()}"
    function(name, source, arn, "Active", Timeout=1)
    answer = invoke(name, header=f"Root={trace_id()};Sampled=1")
    equal((answer["StatusCode"], answer["FunctionError"]), (200, "Unhandled"), f"answer of {source!r}")
    equal(answer["Body"]["errorType"], error, f"error type of {source!r}")
    assert text in answer["Body"]["errorMessage"], answer["Body"]
    docs = segments(answer["TraceId"])
    service, func = service_segment(docs), function_segment(docs)
    equal((service["error"], func["error"], service["http"]["response"]["status"]), (True, True, 200), f"flags for {source!r}")
    if error == "ValueError":
        invocation = sub(func, "Invocation")
        equal(invocation["error"], True, "error of Invocation")
        exception = invocation["cause"]["exceptions"][0]
        equal((exception["type"], exception["message"]), ("ValueError", "on purpose"), "cause of Invocation")
        assert len(exception["id"]) == 16, exception
equal(invoke("f", 1)["Body"], 1, "the first function, after all that")

# X-Ray.
refused("InvalidRequestException", None, xray.get_trace_summaries, StartTime=2000000000, EndTime=1000000000)
refused("InvalidRequestException", None, xray.get_service_graph, StartTime=2000000000, EndTime=1000000000)
now = time.time()
refused("InvalidRequestException", None, xray.get_trace_summaries, StartTime=now - 60, EndTime=now, FilterExpression="service(")
refused("InvalidRequestException", None, xray.get_trace_summaries, StartTime=now - 60, EndTime=now, NextToken="nonsense")
equal(xray.batch_get_traces(TraceIds=["1-5759e988-bd862e3fe1be46a994272793"])["UnprocessedTraceIds"], ["1-5759e988-bd862e3fe1be46a994272793"], "an unknown trace id")
fine = {"trace_id": trace_id(), "id": segment_id(), "name": "fine", "start_time": now, "end_time": now + 0.5}
bad = [("not json", None), ("[]", None), ("{}", None), (json.dumps({**fine, "id": "xyz"}), "xyz"), (json.dumps({**fine, "name": ""}), fine["id"]),
       (json.dumps({k: v for k, v in fine.items() if k != "end_time"}), fine["id"]), (json.dumps({**fine, "start_time": "noon"}), fine["id"]),
       ("[" * 10000, None), ('{"a":' * 10000, None), (json.dumps({**fine, "padding": "x" * 70000}), fine["id"]), ("null", None), ("\u0000", None)]
got = xray.put_trace_segments(TraceSegmentDocuments=[b for b, _ in bad] + [json.dumps(fine)])["UnprocessedTraceSegments"]
equal(len(got), len(bad), f"unprocessed documents in {got}")
for entry, (body, id) in zip(got, bad):
    assert entry["ErrorCode"] and entry["Message"], (entry, body[:80])
    if id:
        equal(entry.get("Id"), id, f"Id for {body[:80]}")
equal([d["name"] for d in documents(fine["trace_id"])], ["fine"], "the neighbour of bad documents")

# Known to the model, not served: an error that says so. TestUnserved asks for all.
for client, operation in ((lam, "list_code_signing_configs"), (iam, "list_virtual_mfa_devices"), (sts, "get_session_token")):
    try:
        got = getattr(client, operation)()
        raise AssertionError(f"{operation} is not served but answered {got}")
    except ClientError as e:
        assert 400 <= e.response["ResponseMetadata"]["HTTPStatusCode"] < 500, e
        assert e.response["Error"]["Code"] and "radiograph" in e.response["Error"]["Message"], e.response["Error"]

# Services that are not here at all.
for name, call in (("dynamodb", "list_tables"), ("s3", "list_buckets"), ("sqs", "list_queues"), ("sns", "list_topics"), ("ec2", "describe_instances"), ("kinesis", "list_streams")):
    try:
        got = getattr(boto3.client(name, config=once), call)()
        raise AssertionError(f"{name} {call} answered {got}")
    except ClientError as e:
        status = e.response["ResponseMetadata"]["HTTPStatusCode"]
        assert 400 <= status < 500 or status == 501, (name, e)
        assert "--fallback-endpoint" in e.response["Error"]["Message"], (name, e.response["Error"])
