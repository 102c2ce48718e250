"""Policies of an account's own, and changes of roles, through boto3: what they allow
shows in what Lambda refuses."""
from cloud import *

REFUSAL = "The provided execution role does not have permissions to call PutTraceSegments on XRAY"
SOURCE = "def handler(event, context):\n    return event\n"


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **statement}]})


arn = role("worker", policies=())
refused("InvalidParameterValueException", REFUSAL, function, "f", SOURCE, arn, "Active")

# NotAction allows all but what it names.
without = iam.create_policy(PolicyName="without", PolicyDocument=document(NotAction="xray:*"))["Policy"]
all_but = iam.create_policy(PolicyName="all-but", Path="/team/", PolicyDocument=document(NotAction=["s3:*", "xray:Get*"]), Description="d")["Policy"]
equal(all_but["Arn"], f"arn:aws:iam::{account}:policy/team/all-but", "ARN of a policy")
refused("EntityAlreadyExists", "already exists", iam.create_policy, PolicyName="All-But", PolicyDocument=document(Action="s3:*"))
refused("MalformedPolicyDocument", None, iam.create_policy, PolicyName="bad", PolicyDocument="{}")
iam.attach_role_policy(RoleName="worker", PolicyArn=without["Arn"])
refused("InvalidParameterValueException", REFUSAL, function, "f", SOURCE, arn, "Active")
iam.attach_role_policy(RoleName="worker", PolicyArn=all_but["Arn"])
function("f", SOURCE, arn, "Active")
iam.detach_role_policy(RoleName="worker", PolicyArn=all_but["Arn"])
refused("InvalidParameterValueException", REFUSAL, lam.update_function_configuration, FunctionName="f", TracingConfig={"Mode": "Active"})
iam.attach_role_policy(RoleName="worker", PolicyArn=all_but["Arn"])

# Reads.
equal(iam.get_policy(PolicyArn=all_but["Arn"])["Policy"]["AttachmentCount"], 1, "attachments")
version = iam.get_policy_version(PolicyArn=all_but["Arn"], VersionId=all_but["DefaultVersionId"])["PolicyVersion"]
equal(version["Document"]["Statement"][0]["NotAction"], ["s3:*", "xray:Get*"], "document")
equal([v["VersionId"] for v in iam.list_policy_versions(PolicyArn=all_but["Arn"])["Versions"]], ["v1"], "versions")
own = [p["PolicyName"] for page in iam.get_paginator("list_policies").paginate(Scope="Local", PaginationConfig={"PageSize": 1}) for p in page["Policies"]]
equal(own, ["all-but", "without"] if all_but["Arn"] < without["Arn"] else ["without", "all-but"], "own policies")
attached = {p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"]}
equal(attached, {without["Arn"], all_but["Arn"]}, "policies of the role")
assert iam.get_policy(PolicyArn=WRITE)["Policy"]["IsAttachable"]
refused("NoSuchEntity", None, iam.get_policy, PolicyArn=all_but["Arn"] + "x")
refused("NoSuchEntity", None, iam.attach_role_policy, RoleName="worker", PolicyArn=all_but["Arn"] + "x")

# The role itself: who may assume it, its description, its tags.
trust = iam.get_role(RoleName="worker")["Role"]["AssumeRolePolicyDocument"]
other = json.loads(json.dumps(trust).replace("lambda.amazonaws.com", "ec2.amazonaws.com"))
iam.update_assume_role_policy(RoleName="worker", PolicyDocument=json.dumps(other))
refused("InvalidParameterValueException", "cannot be assumed", function, "g", SOURCE, arn)
iam.update_assume_role_policy(RoleName="worker", PolicyDocument=json.dumps(trust))
function("g", SOURCE, arn)
iam.update_role(RoleName="worker", Description="works", MaxSessionDuration=7200)
equal(iam.update_role_description(RoleName="worker", Description="rests")["Role"]["MaxSessionDuration"], 7200, "longest session")
iam.tag_role(RoleName="worker", Tags=[{"Key": "team", "Value": "a"}, {"Key": "stage", "Value": "b"}])
iam.untag_role(RoleName="worker", TagKeys=["stage"])
equal(iam.list_role_tags(RoleName="worker")["Tags"], [{"Key": "team", "Value": "a"}], "tags")
equal(iam.list_instance_profiles_for_role(RoleName="worker")["InstanceProfiles"], [], "instance profiles")

# A session of a role that the account may assume has that role's rights.
open_trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}]}
reader = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(open_trust))["Role"]["Arn"]
iam.put_role_policy(RoleName="reader", PolicyName="read", PolicyDocument=document(Action=["lambda:GetFunction", "sts:AssumeRole"]))
refused("AccessDenied", "sts:AssumeRole on resource: " + arn, sts.assume_role, RoleArn=arn, RoleSessionName="me")
refused("ValidationError", "MaxSessionDuration", sts.assume_role, RoleArn=reader, RoleSessionName="me", DurationSeconds=7200)
got = sts.assume_role(RoleArn=reader, RoleSessionName="me")
keys = got["Credentials"]
session = dict(aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"], config=once)
equal(boto3.client("sts", **session).get_caller_identity()["Arn"], got["AssumedRoleUser"]["Arn"], "who the session is")
equal(boto3.client("lambda", **session).get_function(FunctionName="f")["Configuration"]["FunctionName"], "f", "what the session may read")
refused("AccessDeniedException", "lambda:DeleteFunction", boto3.client("lambda", **session).delete_function, FunctionName="f")
chained = boto3.client("sts", **session)
equal(chained.assume_role(RoleArn=reader, RoleSessionName="again")["AssumedRoleUser"]["Arn"], f"arn:aws:sts::{account}:assumed-role/reader/again", "a chained session")
iam.delete_role_policy(RoleName="reader", PolicyName="read")
refused("AccessDenied", "sts:AssumeRole", chained.assume_role, RoleArn=reader, RoleSessionName="again")
iam.delete_role(RoleName="reader")

# And all of it goes away, in the order that IAM wants.
refused("DeleteConflict", None, iam.delete_policy, PolicyArn=without["Arn"])
for p in (without, all_but):
    iam.detach_role_policy(RoleName="worker", PolicyArn=p["Arn"])
    iam.delete_policy(PolicyArn=p["Arn"])
refused("NoSuchEntity", None, iam.get_policy, PolicyArn=without["Arn"])
iam.delete_role(RoleName="worker")
refused("NoSuchEntity", None, iam.list_role_tags, RoleName="worker")
