package server

import (
	"radiograph/awsapi"
	apiiam "radiograph/awsapi/iam"
	apilambda "radiograph/awsapi/lambda"
	"radiograph/awsapi/sts"
	"radiograph/awsapi/xray"
	"radiograph/group"
	"radiograph/iam"
	"radiograph/ingest"
	"radiograph/lambda"
	"radiograph/query"
	"radiograph/sampling"
	"radiograph/settings"
)

// services are the AWS services of the one port. Compatibility calls it without
// rooms behind it, to read the tables.
func services(engine *query.Engine, sink *ingest.Ingester, rules *sampling.Rules, groups *group.Service, set *settings.Service, functions *lambda.Service, roles *iam.Service) []awsapi.Service {
	return []awsapi.Service{
		xray.New(xray.Config{Engine: engine, Sink: sink, Telemetry: sink, Rules: rules, Groups: groups, Settings: set}),
		apilambda.New(functions),
		apiiam.New(roles),
		sts.New(roles),
	}
}
