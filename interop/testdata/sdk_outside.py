"""The X-Ray SDK for Python in a plain program: segments by UDP to the daemon,
sampling rules and targets by TCP from it."""
import logging

from aws_xray_sdk.core import patch_all, xray_recorder
from aws_xray_sdk.core.sampling.sampler import DefaultSampler
from cloud import *

sampler = DefaultSampler()
xray_recorder.configure(service="outside", sampler=sampler, context_missing="IGNORE_ERROR")
patch_all()
start = time.time()

# The first decision is local, for the rules are not there yet; the poller
# fetches them from the daemon's TCP port as soon as something is decided.
xray_recorder.begin_segment("first", sampling=1)
xray_recorder.end_segment()
sampler.should_trace()
until = time.time() + 10
while not sampler._cache.rules:
    assert time.time() < until, "no sampling rules by TCP"
    time.sleep(0.02)
equal([r.name for r in sampler._cache.rules], ["Default"], "sampling rules")

# By central rules now: the reservoir is borrowed from, one a second.
while True:
    segment = xray_recorder.begin_segment("outside")
    sampled = segment.sampled
    trace = segment.trace_id
    segment.put_annotation("colour", "blue")
    segment.put_metadata("table", {"a": [1, 2]}, "ns")
    segment.set_user("someone")
    with xray_recorder.in_subsegment("work") as sub_:
        sub_.put_annotation("inner", 5)
        try:
            with xray_recorder.in_subsegment("fails"):
                raise KeyError("missing thing")
        except KeyError:
            pass
        refused("NoSuchEntity", None, iam.get_role, RoleName="absent")
    xray_recorder.end_segment()
    if sampled:
        break
    assert time.time() < until + 5, "nothing was sampled"
    time.sleep(0.05)
equal(segment.aws["xray"]["sampling_rule_name"], "Default", "rule that decided")

logging.getLogger("aws_xray_sdk").setLevel(logging.CRITICAL)  # there is no segment any more, and it would say so
docs = segments(trace, lambda docs: any(d["name"] == "outside" for d in docs))
top = [d for d in docs if d["name"] == "outside"][0]
equal(top["annotations"], {"colour": "blue"}, "annotations")
equal(top["metadata"]["ns"]["table"], {"a": [1, 2]}, "metadata")
work = sub(top, "work")
equal(sub(work, "fails")["cause"]["exceptions"][0]["type"], "KeyError", "exception")
call = sub(work, "iam")
equal((call["namespace"], call["aws"]["operation"], call["http"]["response"]["status"], call["error"]), ("aws", "GetRole", 404, True), "the AWS call")
inferred = [d for d in docs if d.get("inferred")]
equal([d["name"] for d in inferred], ["iam"], "inferred segments")

found = [s for s in xray.get_trace_summaries(StartTime=start - 60, EndTime=time.time() + 1)["TraceSummaries"] if s["Id"] == trace]
equal([u["UserName"] for u in found[0]["Users"]], ["someone"], "users of the summary")
equal(sorted(found[0]["Annotations"]), ["colour", "inner"], "annotations of the summary")

# Targets: the poller reports after ten seconds and gets an answer.
rule, until = sampler._cache.rules[0], time.time() + 20
while rule.reservoir.TTL is None and rule.reservoir.quota is None:
    assert time.time() < until, "no sampling target by TCP"
    time.sleep(0.1)
equal(rule.rate, 0.05, "fixed rate of the target")
assert rule.reservoir.quota <= 1 and rule.reservoir.TTL > time.time(), rule.reservoir.__dict__
