package trace

import (
	"strings"

	"radiograph"
)

// service is the node of the service graph that a segment belongs to. The
// account is empty when the documents do not tell it; then it is the tenant's.
func service(n *radiograph.Node) radiograph.ServiceID {
	e := n.Entity
	id := radiograph.ServiceID{Name: e.Name, Type: e.Origin, Account: account(e)}
	if !e.Inferred {
		if id.Type == "" {
			id.Type = "unknown"
		}
		return id
	}
	switch {
	case e.Origin == "" && e.SQL:
		id.Type = "Database::SQL"
	case e.Origin == "":
		id.Type = "remote"
	case e.Origin == "AWS::DynamoDB::Table" && e.AWS.TableName != "":
		id.Name = e.AWS.TableName
	case e.Origin == "AWS::SQS::Queue" && e.AWS.QueueURL != "":
		id.Name = e.AWS.QueueURL[strings.LastIndexByte(e.AWS.QueueURL, '/')+1:]
	case e.Origin == "AWS::S3::Bucket" && e.AWS.BucketName != "":
		id.Name = e.AWS.BucketName
	case e.Origin == "AWS::Lambda" && e.AWS.FunctionName != "":
		id.Name = functionName(e.AWS.FunctionName)
	default: // SDKs spell a service in different ways; the graph has one node for it
		if service, ok := strings.CutPrefix(e.Origin, "AWS::"); ok && !strings.Contains(service, "::") {
			id.Name = service
		}
	}
	return id
}

// account is the account an entity is of.
func account(e *radiograph.Entity) radiograph.AccountID {
	if e.AWS.AccountID != "" {
		return radiograph.AccountID(e.AWS.AccountID)
	}
	if a := arnAccount(e.ResourceARN); a != "" {
		return a
	}
	return arnAccount(e.AWS.FunctionARN)
}

// arnAccount is the fifth of an ARN's six parts, or "".
func arnAccount(arn string) radiograph.AccountID {
	for range 4 {
		_, arn, _ = strings.Cut(arn, ":")
	}
	account, _, whole := strings.Cut(arn, ":")
	if !whole {
		return ""
	}
	return radiograph.AccountID(account)
}

// functionName is the name in what a client may pass as FunctionName: a name, a
// partial or a full ARN, each with or without a qualifier.
func functionName(s string) string {
	if _, after, ok := strings.Cut(s, "function:"); ok {
		s = after
	}
	name, _, _ := strings.Cut(s, ":")
	return name
}

// awsTypes maps the names that SDKs give to the services, in lower case and
// without blanks, Amazon or AWS, to AWS's type names.
var awsTypes = map[string]string{
	"dynamodb": "AWS::DynamoDB", "s3": "AWS::S3", "sns": "AWS::SNS", "sqs": "AWS::SQS", "lambda": "AWS::Lambda",
	"kinesis": "AWS::Kinesis", "firehose": "AWS::Firehose", "kms": "AWS::KMS", "sts": "AWS::STS", "iam": "AWS::IAM", "ssm": "AWS::SSM",
	"secretsmanager": "AWS::SecretsManager", "events": "AWS::Events", "eventbridge": "AWS::Events", "cloudwatchevents": "AWS::Events",
	"states": "AWS::StepFunctions", "sfn": "AWS::StepFunctions", "stepfunctions": "AWS::StepFunctions",
	"runtime.sagemaker": "AWS::SageMaker", "sagemakerruntime": "AWS::SageMaker", "sagemaker": "AWS::SageMaker",
	"bedrock-runtime": "AWS::BedrockRuntime", "bedrockruntime": "AWS::BedrockRuntime",
	"ses": "AWS::SES", "email": "AWS::SES", "sesv2": "AWS::SES", "logs": "AWS::CloudWatchLogs", "cloudwatchlogs": "AWS::CloudWatchLogs",
	"monitoring": "AWS::CloudWatch", "cloudwatch": "AWS::CloudWatch", "ec2": "AWS::EC2", "ecs": "AWS::ECS", "xray": "AWS::XRay",
	"apigateway": "AWS::APIGateway", "cognito-idp": "AWS::Cognito", "cognitoidentityprovider": "AWS::Cognito",
}

// awsType is the type name of a service, such as AWS::DynamoDB, from the name of
// an SDK's subsegment: "dynamodb", "DynamoDB", "Amazon DynamoDB".
func awsType(name string) string {
	short := strings.ReplaceAll(name, " ", "")
	for _, prefix := range []string{"amazon", "aws"} {
		if len(short) > len(prefix) && strings.EqualFold(short[:len(prefix)], prefix) {
			short = strings.TrimLeft(short[len(prefix):], ":")
		}
	}
	if t, ok := awsTypes[strings.ToLower(short)]; ok {
		return t
	}
	return "AWS::" + short
}
