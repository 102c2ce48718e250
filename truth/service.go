package truth

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Service is a node of the service graph. Account is "" when no document tells it.
type Service struct{ Name, Type, Account string }

func (e *Entity) account() string {
	if e.AWS.AccountID != "" {
		return e.AWS.AccountID
	}
	for _, arn := range []string{e.ResourceARN, e.AWS.FunctionARN} {
		if parts := strings.Split(arn, ":"); len(parts) > 5 && parts[4] != "" {
			return parts[4]
		}
	}
	return ""
}

func ownService(e *Entity) Service {
	s := Service{e.Name, e.Origin, e.account()}
	if s.Type == "" {
		s.Type = "unknown"
	}
	return s
}

// infer makes the segment of what a finished call reached.
func infer(traceID string, call *Entity) *Entity {
	sum := sha256.Sum256([]byte("inferred" + traceID + call.ID))
	e := &Entity{
		ID: hex.EncodeToString(sum[:8]), ParentID: call.ID, Name: call.Name, Namespace: call.Namespace,
		Start: call.Start, End: call.End, Inferred: true, Error: call.Error, Fault: call.Fault, Throttle: call.Throttle,
		HTTP: call.HTTP, AWS: call.AWS, SQL: call.SQL, parent: call,
	}
	e.segment = e
	e.service = reached(call)
	return e
}

// awsNames are the services that generated subsegments call, by the names that
// SDKs give them.
var awsNames = map[string]string{
	"DynamoDB": "DynamoDB", "dynamodb": "DynamoDB", "Amazon DynamoDB": "DynamoDB", "S3": "S3", "s3": "S3",
	"SNS": "SNS", "sns": "SNS", "SQS": "SQS", "sqs": "SQS", "Lambda": "Lambda", "lambda": "Lambda",
	"runtime.sagemaker": "SageMaker", "shop": "shop", "pay": "pay", "stock": "stock",
}

// reached is the node that a call without an answering segment leads to.
func reached(call *Entity) Service {
	s := Service{Name: call.Name, Account: call.account()}
	aws, name := &call.AWS, awsNames[call.Name]
	switch {
	case call.Namespace == "remote" && call.SQL:
		s.Type = "Database::SQL"
	case call.Namespace == "remote":
		s.Type = "remote"
	case aws.TableName != "":
		s.Name, s.Type = aws.TableName, "AWS::DynamoDB::Table"
	case aws.TopicARN != "":
		s.Name, s.Type = "SNS", "AWS::SNS"
	case aws.QueueURL != "":
		parts := strings.Split(aws.QueueURL, "/")
		s.Name, s.Type = parts[len(parts)-1], "AWS::SQS::Queue"
	case aws.BucketName != "":
		s.Name, s.Type = aws.BucketName, "AWS::S3::Bucket"
	case name == "":
		panic("what does " + call.Name + " call?")
	case name == "Lambda" && aws.FunctionName != "":
		parts := strings.Split(aws.FunctionName, "function:")
		s.Name, _, _ = strings.Cut(parts[len(parts)-1], ":")
		s.Type = "AWS::Lambda"
	default:
		s.Name, s.Type = name, "AWS::"+name
	}
	return s
}
