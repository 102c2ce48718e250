"""Two services under OpenTelemetry's own instrumentation, the second one over
gRPC, with W3C trace context between them and to them; what AWS's SDK says of
their traces. Arguments: where OTLP goes by HTTP and by gRPC."""
import datetime
import os
import random
import subprocess
import sys
import tempfile
import urllib.request

from cloud import *

folder = tempfile.mkdtemp()
bin = os.path.dirname(sys.executable)
running = []


def service(name, *args, **env):
    """Starts a service and returns its URL."""
    port = os.path.join(folder, name)
    running.append(subprocess.Popen(
        [os.path.join(bin, "opentelemetry-instrument"), sys.executable, os.path.join(os.path.dirname(__file__), "otel_service.py"), port, *args],
        env=os.environ | {
            "OTEL_SERVICE_NAME": name, "OTEL_TRACES_EXPORTER": "otlp", "OTEL_PROPAGATORS": "tracecontext",
            "OTEL_PYTHON_DISTRO": "distro", "OTEL_PYTHON_CONFIGURATOR": "configurator", "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "botocore,boto3,urllib3,urllib", **env}, stdout=sys.stderr))
    until = time.time() + 60
    while not os.path.exists(port):
        assert time.time() < until and running[-1].poll() is None, f"{name} does not start"
        time.sleep(0.05)
    with open(port) as f:
        return f"http://127.0.0.1:{f.read()}"


def ask(url, root, parent):
    """Asks as a traced caller would, and returns the status."""
    request = urllib.request.Request(url, headers={"traceparent": f"00-{root}-{parent}-01"})
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as e:
        return e.code


try:
    pay = service("payments", OTEL_EXPORTER_OTLP_PROTOCOL="grpc", OTEL_EXPORTER_OTLP_ENDPOINT=sys.argv[2])
    shop = service("shop", pay, OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf", OTEL_EXPORTER_OTLP_ENDPOINT=sys.argv[1],
                   OTEL_SEMCONV_STABILITY_OPT_IN="http")
    # Ids as W3C has them: random, with no time in them.
    good, bad = (f"{random.getrandbits(128) | 1 << 127:032x}" for _ in range(2))
    parent = segment_id()
    equal(ask(f"{shop}/pay/7", good, parent), 200, "a good request")
    equal(ask(f"{shop}/pay/0", bad, parent), 422, "a bad request")

    for root, status in ((good, 200), (bad, 422)):
        trace = f"1-{root[:8]}-{root[8:]}"
        docs = segments(trace, lambda docs: {"shop", "payments"} <= {d["name"] for d in docs if not d.get("inferred")})
        equal(sorted(d["name"] for d in docs), ["payments", "shop"], "documents")
        first, second = sorted(docs, key=lambda d: d["name"], reverse=True)
        equal(first["parent_id"], parent, "the caller")
        call = sub(first, "127.0.0.1")
        equal(call["namespace"], "remote", "namespace of the call")
        equal(second["parent_id"], call["id"], "who called")
        for entity in (first, call, second):
            equal(entity["http"]["request"]["method"], "GET", "method")
            equal(entity["http"]["response"]["status"], status, f"status of {entity['name']}")
            equal(entity.get("error", False), status == 422, "error")
        assert second["http"]["request"]["url"] == f"{pay}/pay/{7 if status == 200 else 0}", second["http"]
        assert first["start_time"] <= call["start_time"] <= second["start_time"] <= second["end_time"] <= call["end_time"] <= first["end_time"]

    now = datetime.datetime.now(datetime.timezone.utc)
    window = {"StartTime": now - datetime.timedelta(minutes=5), "EndTime": now + datetime.timedelta(minutes=1)}
    found = {}
    for page in xray.get_paginator("get_trace_summaries").paginate(FilterExpression='service("shop") AND edge("shop", "payments")', **window):
        found |= {s["Id"]: s for s in page["TraceSummaries"]}
    equal(set(found), {f"1-{r[:8]}-{r[8:]}" for r in (good, bad)}, "summaries")
    one = found[f"1-{bad[:8]}-{bad[8:]}"]
    equal((one["HasError"], one["HasFault"], one["Http"]["HttpStatus"], one["Http"]["HttpMethod"]), (True, False, 422, "GET"), "the bad request's summary")

    nodes = {n["Name"]: n for n in xray.get_service_graph(**window)["Services"] if n.get("Type") != "client"}
    equal(sorted(nodes), ["payments", "shop"], "nodes")
    edges = nodes["shop"]["Edges"]
    equal([e["ReferenceId"] for e in edges], [nodes["payments"]["ReferenceId"]], "edges of shop")
    equal((edges[0]["SummaryStatistics"]["TotalCount"], edges[0]["SummaryStatistics"]["ErrorStatistics"]["TotalCount"]), (2, 1), "what the edge counts")
finally:
    for p in running:
        p.kill()
        p.wait()
