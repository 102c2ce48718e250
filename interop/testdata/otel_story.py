"""One trace by the OpenTelemetry SDK for Python. Arguments: the protocol, the
first span's start in nanoseconds. It prints the ids."""
import json
import sys

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

protocol, base = sys.argv[1], int(sys.argv[2])
if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
elif protocol == "udp":
    import os

    from amazon.opentelemetry.distro.otlp_udp_exporter import OTLPUdpSpanExporter

    def OTLPSpanExporter():
        return OTLPUdpSpanExporter(endpoint=os.environ["AWS_XRAY_DAEMON_ADDRESS"])
elif protocol == "signed":
    import os

    import botocore.session

    from amazon.opentelemetry.distro.exporter.otlp.aws.traces.otlp_aws_span_exporter import OTLPAwsSpanExporter

    def OTLPSpanExporter():
        return OTLPAwsSpanExporter(session=botocore.session.Session(), aws_region=os.environ["AWS_REGION"], endpoint=os.environ["AWS_ENDPOINT_URL"] + "/v1/traces")
else:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

provider = TracerProvider(resource=Resource.create({"service.name": "shop", "cloud.platform": "aws_ec2"}))
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("story")

buy = tracer.start_span("POST /buy", kind=SpanKind.SERVER, start_time=base, attributes={
    "http.request.method": "POST", "url.path": "/buy", "server.address": "shop.test", "http.response.status_code": 500,
    "enduser.id": "u7", "cart": 3, "aws.xray.annotations": ["cart"]})
within = trace.set_span_in_context(buy)
price = tracer.start_span("price", context=within, start_time=base + 1_000_000)
try:
    raise ValueError("no price")
except ValueError as e:
    price.record_exception(e)
    price.set_status(Status(StatusCode.ERROR, "no price"))
price.end(base + 2_000_001)
pay = tracer.start_span("POST", context=within, kind=SpanKind.CLIENT, start_time=base + 3_000_000, attributes={
    "http.request.method": "POST", "url.full": "http://pay.test/charge", "server.address": "pay.test", "http.response.status_code": 429})
pay.end(base + 4_000_002)
buy.end(base + 5_000_003)
provider.shutdown()
print(json.dumps({"trace": f"{buy.context.trace_id:032x}", "buy": f"{buy.context.span_id:016x}",
                  "price": f"{price.context.span_id:016x}", "pay": f"{pay.context.span_id:016x}"}))
