package trace

import (
	"testing"

	"radiograph"
)

func TestAWSTypeIsOneForAllSpellings(t *testing.T) {
	for name, want := range map[string]string{
		"dynamodb": "AWS::DynamoDB", "DynamoDB": "AWS::DynamoDB", "Amazon DynamoDB": "AWS::DynamoDB", "AmazonDynamoDB": "AWS::DynamoDB",
		"AWS Lambda": "AWS::Lambda", "AWSLambda": "AWS::Lambda", "AWS::Lambda": "AWS::Lambda", "Secrets Manager": "AWS::SecretsManager",
		"runtime.sagemaker": "AWS::SageMaker", "SomethingNew": "AWS::SomethingNew", "aws": "AWS::aws",
	} {
		if got := awsType(name); got != want {
			t.Errorf("awsType(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestFunctionName(t *testing.T) {
	for in, want := range map[string]string{
		"f": "f", "f:live": "f", "arn:aws:lambda:eu-west-1:000000000000:function:f": "f",
		"arn:aws:lambda:eu-west-1:000000000000:function:f:3": "f", "000000000000:function:f": "f", "": "",
	} {
		if got := functionName(in); got != want {
			t.Errorf("functionName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAccount(t *testing.T) {
	for _, test := range []struct {
		name string
		e    radiograph.Entity
		want radiograph.AccountID
	}{
		{"stated", radiograph.Entity{AWS: radiograph.AWS{AccountID: "1"}, ResourceARN: "arn:aws:x:r:2:y"}, "1"},
		{"resource", radiograph.Entity{ResourceARN: "arn:aws:x:r:2:y", AWS: radiograph.AWS{FunctionARN: "arn:aws:lambda:r:3:function:f"}}, "2"},
		{"function", radiograph.Entity{ResourceARN: "nonsense", AWS: radiograph.AWS{FunctionARN: "arn:aws:lambda:r:3:function:f"}}, "3"},
		{"none", radiograph.Entity{ResourceARN: "arn:aws:apigateway:us-east-1::/restapis/x"}, ""},
	} {
		if got := account(&test.e); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
