package server

import (
	"radiograph/awsapi"
	apiiam "radiograph/awsapi/iam"
	apilambda "radiograph/awsapi/lambda"
	"radiograph/awsapi/sts"
	"radiograph/awsapi/xray"
	"radiograph/iam"
	"radiograph/lambda"
)

// services are the AWS services of the one port. Compatibility calls it without
// rooms behind it, to read the tables.
func services(traces xray.Config, functions *lambda.Service, roles *iam.Service) []awsapi.Service {
	return []awsapi.Service{
		xray.New(traces),
		apilambda.New(functions),
		apiiam.New(roles),
		sts.New(roles),
	}
}
