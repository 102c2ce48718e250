"""The story as boto3 tells it: python story_boto3.py STORY prints the answers."""
import datetime

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from story import tell

xray = boto3.client("xray", config=Config(retries={"total_max_attempts": 1}))


def plain(v):
    if isinstance(v, datetime.datetime):
        return v.timestamp()
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items() if k != "ResponseMetadata"}
    return [plain(x) for x in v] if isinstance(v, list) else v


def call(op, given, pages):
    name = xform_name(op)
    try:
        if pages:
            return {"pages": [plain(p) for p in xray.get_paginator(name).paginate(**given)]}
        return {"out": plain(getattr(xray, name)(**given))}
    except ClientError as e:  # ClientError itself is what boto3 raises for a name that the model does not have
        return {"error": type(e).__name__, "message": e.response["Error"]["Message"]}


tell(call)
