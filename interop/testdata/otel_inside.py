"""OpenTelemetry inside a function, by ADOT's exporter to the environment's own
daemon, as ADOT's layer sends: its spans hang under Invocation."""
from cloud import *

SOURCE = """import os
from opentelemetry import trace
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from amazon.opentelemetry.distro.otlp_udp_exporter import OTLPUdpSpanExporter

daemon = os.environ['AWS_XRAY_DAEMON_ADDRESS']
provider = TracerProvider(resource=Resource.create({
    'service.name': os.environ['AWS_LAMBDA_FUNCTION_NAME'], 'cloud.provider': 'aws', 'cloud.platform': 'aws_lambda'}))
provider.add_span_processor(SimpleSpanProcessor(OTLPUdpSpanExporter(endpoint=daemon)))
tracer = provider.get_tracer('function')

def handler(event, context):
    carrier = {'X-Amzn-Trace-Id': os.environ['_X_AMZN_TRACE_ID']}
    within = AwsXRayPropagator().extract(carrier)
    with tracer.start_as_current_span('handler', within, trace.SpanKind.SERVER) as span:
        span.set_attribute('order', event['order'])
        span.set_attribute('aws.xray.annotations', ['order'])
        with tracer.start_as_current_span('PutItem', kind=trace.SpanKind.CLIENT) as call:
            call.set_attributes({'rpc.system': 'aws-api', 'rpc.service': 'DynamoDB', 'rpc.method': 'PutItem', 'aws.dynamodb.table_names': ['orders']})
    return os.environ['_X_AMZN_TRACE_ID']
"""

arn = role("inside")
function("inside", SOURCE, arn, "Active", Timeout=30, MemorySize=512, Environment={"Variables": {"PYTHONPATH": os.environ["PACKAGES"]}})
for order in (1, 2):  # cold, then warm
    root, caller = trace_id(), segment_id()
    invoke("inside", {"order": order}, header=f"Root={root};Parent={caller};Sampled=1")
    docs = segments(root, lambda docs: len(docs) >= 3)
    equal(len(docs), 3, "Lambda's two segments and the table")
    invocation = sub(function_segment(docs), "Invocation")
    handler = sub(invocation, "handler")
    equal(handler["annotations"], {"order": order}, "annotations")
    put = sub(handler, "DynamoDB")
    equal((put["namespace"], put["aws"]["operation"], put["aws"]["table_name"]), ("aws", "PutItem", "orders"), "the AWS call")
    table = of_origin(docs, "AWS::DynamoDB::Table")
    equal([(d["name"], d["parent_id"]) for d in table], [("DynamoDB", put["id"])], "the table")

# What is not sampled is not recorded.
root = trace_id()
invoke("inside", {"order": 3}, header=f"Root={root};Parent={segment_id()};Sampled=0")
equal(documents(root), [], "documents of a trace that is not sampled")
