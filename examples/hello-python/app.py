"""A traced function: a subsegment of its own around a PutObject, and a
ListTables beside it. patch_all makes the X-Ray SDK record every AWS call."""
import boto3
from aws_xray_sdk.core import patch_all, xray_recorder
from botocore.config import Config
from botocore.exceptions import ClientError

patch_all()

once = Config(retries={"total_max_attempts": 1})
s3 = boto3.client("s3", config=once)
dynamodb = boto3.client("dynamodb", config=once)


def handler(event, context):
    name = event.get("name", "world")
    with xray_recorder.in_subsegment("greet") as greet:
        greet.put_annotation("name", name)
        stored = outcome(s3.put_object, Bucket="greetings", Key=name, Body=f"Hello, {name}!".encode())
    return {"hello": name, "PutObject": stored, "ListTables": outcome(dynamodb.list_tables)}


def outcome(call, **parameters):
    """What an AWS call came to. Its subsegment shows the same."""
    try:
        return call(**parameters)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as e:
        return str(e)
