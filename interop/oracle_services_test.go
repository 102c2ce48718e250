package interop

import (
	"radiograph/awsapi"
	"radiograph/awsapi/iam"
	"radiograph/awsapi/lambda"
	"radiograph/awsapi/sts"
	"radiograph/awsapi/xray"
)

// services are the tables alone, with nothing behind them.
func services() []awsapi.Service {
	return []awsapi.Service{xray.New(xray.Config{}), lambda.New(nil), iam.New(nil), sts.New(nil)}
}
