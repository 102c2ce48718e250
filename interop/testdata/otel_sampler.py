"""ADOT's X-Ray sampler for OpenTelemetry in a plain program: rules and targets
from the daemon's TCP port decide on its spans. Argument: the daemon's address."""
import collections
import sys
import time

import boto3
from amazon.opentelemetry.distro.sampler.aws_xray_remote_sampler import AwsXRayRemoteSampler
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

RESERVOIR, RATE, REPORT = 5, 20, 10  # of the rule limited; requests a second; seconds to the first report

xray = boto3.client("xray")
for priority, (name, rate, size) in enumerate((("all", 1, 0), ("quiet", 0, 0), ("limited", 0, RESERVOIR)), 1):
    xray.create_sampling_rule(SamplingRule=dict(
        RuleName=name, ResourceARN="*", Priority=priority, FixedRate=rate, ReservoirSize=size, ServiceName="shop", ServiceType="*",
        Host="*", HTTPMethod="*", URLPath=f"/{name}/*", Version=1))

resource = Resource({"service.name": "shop"})
began = time.time()
tracer = TracerProvider(resource=resource, sampler=AwsXRayRemoteSampler(resource, endpoint="http://" + sys.argv[1], polling_interval=10)).get_tracer("shop")


def sampled(path):
    with tracer.start_as_current_span("request", kind=SpanKind.SERVER, attributes={"url.path": path, "http.request.method": "GET"}) as span:
        return span.get_span_context().trace_flags.sampled


# Until the rules are there it samples one a second and 5 %: never so many on end.
while not all(sampled("/all/x") for _ in range(10)):
    assert time.time() < began + 8, "no sampling rules by TCP"
    time.sleep(0.05)
assert not any(sampled("/quiet/x") for _ in range(7)), "rule quiet was not obeyed"

# One a second is borrowed until the report, then the quota is the whole reservoir.
seconds, asked = collections.Counter(), 0
while time.time() < began + REPORT + 4:
    asked += time.time() < began + REPORT
    seconds[int(time.time() - began)] += sampled("/limited/x")
    time.sleep(1 / RATE)
borrowed, taken = sum(seconds[s] for s in range(1, REPORT)), sum(seconds[s] for s in (REPORT + 1, REPORT + 2))
assert REPORT - 2 <= borrowed <= REPORT + 1, seconds
assert 2 * RESERVOIR - 2 <= taken <= 2 * RESERVOIR + 2, seconds

reported = {s["RuleName"]: s for s in xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]}
quiet, limited = reported["quiet"], reported["limited"]
assert (quiet["RequestCount"], quiet["SampledCount"], quiet["BorrowCount"]) == (7, 0, 0), quiet
assert abs(limited["RequestCount"] - asked) <= RATE and abs(limited["BorrowCount"] - borrowed) <= 2, (limited, asked, borrowed)
