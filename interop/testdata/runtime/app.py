"""The function of runtime_test.go with the X-Ray SDK for Python."""
import os
import time

from aws_xray_sdk.core import patch, xray_recorder

patch(("requests",))

import requests


def get(path):
    return requests.get(os.environ["AWS_ENDPOINT_URL"] + path).status_code


def handler(event, context):
    if event["do"] == "sleep":
        time.sleep(30)
    if event["do"] == "http":
        return [get("/health"), get("/absent")]
    with xray_recorder.in_subsegment("work") as work:
        work.put_annotation("order", 7)
        with xray_recorder.in_subsegment("inner"):
            pass
        if event["do"] == "fail":
            raise RuntimeError("on purpose")
    return "done"
