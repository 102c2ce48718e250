package iam

import (
	"encoding/json"
	"strings"
)

// managedPolicy is one of AWS's own policies.
type managedPolicy struct {
	Document string
	policy   *policy
}

// managed holds the built-in policies by ARN: what tracing and Lambda roles use.
// Their actions are those of AWS's managed-policy reference.
var managed = builtin(map[string][]string{
	"AWSXRayDaemonWriteAccess": tracing,
	"AWSXrayWriteOnlyAccess":   tracing,
	"AWSXrayFullAccess":        {"xray:*"},
	"AWSXrayReadOnlyAccess": {
		"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries",
		"xray:BatchGetTraces", "xray:BatchGetTraceSummaryById", "xray:GetDistinctTraceGraphs",
		"xray:GetServiceGraph", "xray:GetTraceGraph", "xray:GetTraceSummaries",
		"xray:GetGroups", "xray:GetGroup", "xray:ListTagsForResource", "xray:ListResourcePolicies",
		"xray:GetTimeSeriesServiceStatistics", "xray:GetInsightSummaries", "xray:GetInsight",
		"xray:GetInsightEvents", "xray:GetInsightImpactGraph",
	},
	"service-role/AWSLambdaBasicExecutionRole": logging,
	"service-role/AWSLambdaSQSQueueExecutionRole": append([]string{
		"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
	}, logging...),
	"service-role/AWSLambdaRole": {"lambda:InvokeFunction"},
	"AdministratorAccess":        {"*"},
})

var (
	tracing = []string{
		"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules",
		"xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries",
	}
	logging = []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
)

// builtin makes policies that allow actions on every resource.
func builtin(actions map[string][]string) map[string]managedPolicy {
	all := make(map[string]managedPolicy, len(actions))
	for name, allowed := range actions {
		document, err := json.Marshal(map[string]any{
			"Version":   "2012-10-17",
			"Statement": []any{map[string]any{"Effect": "Allow", "Action": allowed, "Resource": []string{"*"}}},
		})
		if err != nil {
			panic(err)
		}
		p, err := parsePolicy(string(document))
		if err != nil {
			panic(err)
		}
		all["arn:aws:iam::aws:policy/"+name] = managedPolicy{Document: string(document), policy: p}
	}
	return all
}

// managedName is the policy's name: the last part of its ARN.
func managedName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
