"""The shop of xray_app_test.go with the X-Ray SDK for Python, Flask, botocore and requests."""
import urllib.request

from aws_xray_sdk.core import patch, xray_recorder

patch(("botocore", "requests"))

import boto3
import requests
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from botocore.config import Config
from botocore.exceptions import ClientError
from flask import Flask, request
from werkzeug.serving import make_server

xray_recorder.configure(service="shop-python", context_missing="IGNORE_ERROR")
app = Flask("shop")
XRayMiddleware(app, xray_recorder)
xray = boto3.client("xray", config=Config(retries={"total_max_attempts": 1}))


@app.get("/all/work")
def work():
    xray_recorder.current_segment().set_user("ann")
    with xray_recorder.in_subsegment("work") as sub:
        sub.put_annotation("colour", "blue")
        sub.put_annotation("count", 3)
        sub.put_annotation("fine", True)
        sub.put_metadata("table", {"rows": [1, 2]}, "details")
        with xray_recorder.in_subsegment("inner"):
            return "done"


@app.get("/all/fails")
def fails():
    try:
        with xray_recorder.in_subsegment("fails"):
            raise ValueError("on purpose")
    except ValueError:
        return "failed", 500


@app.get("/all/http")
def http():
    return str(requests.get(request.args["url"]).status_code)


@app.get("/all/aws")
def aws():
    xray.get_groups()
    try:
        xray.get_group(GroupName="absent")
    except ClientError:
        return "refused"


@app.get("/all/large")
def large():
    for i in range(150):
        with xray_recorder.in_subsegment(f"n{i}"):
            pass
    return urllib.request.urlopen(request.args["url"]).read()


@app.get("/all/long")
def long():
    xray_recorder.emitter.send_entity(xray_recorder.current_segment())
    return urllib.request.urlopen(request.args["url"]).read()


@app.get("/<path:_>")
def other(_):
    return "done"


server = make_server("127.0.0.1", 0, app, threaded=True)
print(f"http://127.0.0.1:{server.port}", flush=True)
server.serve_forever()
