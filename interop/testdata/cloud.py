"""What the scripts of this folder share: boto3 clients of the server, a role,
functions, and traces as the X-Ray API gives them. No client retries here, so
that no answer of the server is papered over."""
import io
import json
import os
import time
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

once = Config(retries={"total_max_attempts": 1})
iam, lam, xray, sts = (boto3.client(n, config=once) for n in ("iam", "lambda", "xray", "sts"))
account = os.environ["AWS_ACCESS_KEY_ID"]
region = os.environ["AWS_REGION"]
runtime = os.environ["RUNTIME"]
WRITE = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"


def equal(got, want, what):
    assert got == want, f"{what}: got {got!r}, want {want!r}"


def refused(code, text, call, *args, **kwargs):
    """The call fails with an AWS error of that code and text, and not by the server's fault."""
    try:
        got = call(*args, **kwargs)
    except ClientError as e:
        status = e.response["ResponseMetadata"]["HTTPStatusCode"]
        assert status < 500, f"{code}: status {status}: {e}"
        equal(e.response["Error"]["Code"], code, f"error code of {e}")
        if text is not None:
            assert text in e.response["Error"]["Message"], f"{code}: {e.response['Error']['Message']!r} does not say {text!r}"
        return e
    raise AssertionError(f"{code} wanted, got an answer: {got}")


def role(name="function", policies=(WRITE,), service="lambda.amazonaws.com"):
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    for p in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=p)
    return arn


def package(files):
    """A deployment package; every file may be executed."""
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED) as z:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o755 << 16
            z.writestr(info, text)
    return b.getvalue()


def function(name, source, role, mode=None, file="app.py", **kw):
    """Makes a function of the language that RUNTIME and the file are of (or, with a bootstrap, of a custom runtime)
    and waits until it is active."""
    if mode:
        kw["TracingConfig"] = {"Mode": mode}
    custom = source.startswith("#!")
    kw.setdefault("Runtime", "provided.al2023" if custom else runtime)
    kw.setdefault("Handler", "app.handler")
    kw.setdefault("Timeout", 10)
    got = lam.create_function(FunctionName=name, Role=role,
                              Code={"ZipFile": package({"bootstrap" if custom else file: source})}, **kw)
    lam.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
    return got


def invoke(name, payload=None, header=None, **kw):
    """Invokes with a trace header, as an instrumented caller would, and returns the answer with its trace id."""
    def add(request, **_):
        request.headers["X-Amzn-Trace-Id"] = header
    if header is not None:
        lam.meta.events.register("before-sign.lambda.Invoke", add)
    try:
        answer = lam.invoke(FunctionName=name, Payload=json.dumps(payload), **kw)
    finally:
        if header is not None:
            lam.meta.events.unregister("before-sign.lambda.Invoke", add)
    body = answer["Payload"].read()
    answer["Body"] = json.loads(body) if body else None
    answer["TraceHeader"] = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amzn-trace-id", "")
    answer["TraceId"] = part(answer["TraceHeader"], "Root")
    return answer


def part(header, key):
    return dict(p.split("=", 1) for p in header.split(";") if "=" in p).get(key)


def trace_id():
    return f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"


def segment_id():
    return os.urandom(8).hex()


def documents(trace):
    """All documents of one trace now, by one BatchGetTraces."""
    got = xray.batch_get_traces(TraceIds=[trace])
    return [json.loads(s["Document"]) for t in got["Traces"] for s in t["Segments"]]


def segments(trace, ready=lambda docs: True, wait=10):
    """The documents of a trace once all are complete and ready says so."""
    until = time.time() + wait
    while True:
        docs = documents(trace)
        if docs and not any(d.get("in_progress") for d in docs) and ready(docs):
            return docs
        assert time.time() < until, f"trace {trace} is not complete after {wait} s: {json.dumps(docs, indent=1)}"
        time.sleep(0.05)


def of_origin(docs, origin):
    return [d for d in docs if d.get("origin") == origin]


def service_segment(docs):
    got = of_origin(docs, "AWS::Lambda")
    equal(len(got), 1, "segments of origin AWS::Lambda")
    return got[0]


def function_segment(docs):
    got = of_origin(docs, "AWS::Lambda::Function")
    equal(len(got), 1, "segments of origin AWS::Lambda::Function")
    return got[0]


def sub(entity, name):
    """The one subsegment of that name directly below entity."""
    got = [s for s in entity.get("subsegments", []) if s["name"] == name]
    names = [s["name"] for s in entity.get("subsegments", [])]
    equal(len(got), 1, f"subsegments {name} among {names} of {entity['name']}")
    return got[0]


def names(entity):
    return [s["name"] for s in entity.get("subsegments", [])]


def length(entity):
    """Seconds."""
    return entity["end_time"] - entity["start_time"]
