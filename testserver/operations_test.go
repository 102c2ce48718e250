package testserver_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"radiograph"
	"radiograph/awsapi/xray"
	"radiograph/testserver"
)

// TestOperationsDependOnEachOther calls every X-Ray operation over HTTP: what one
// writes, others tell, and they did not before. An operation that answered the
// same whatever was stored would fail.
func TestOperationsDependOnEachOther(t *testing.T) {
	t.Parallel()
	srv := testserver.Start(t)
	paths := make(map[string]string)
	for _, op := range xray.New(xray.Config{}).Operations {
		paths[op.Name] = op.Path
	}
	called := make(map[string]bool)
	ask := func(operation, input string) string {
		t.Helper()
		called[operation] = true
		if paths[operation] == "" {
			t.Fatalf("there is no operation %s", operation)
		}
		return call(t, srv, paths[operation], input)
	}
	member := func(answer, path string) string { // of the answer, by a path of members
		t.Helper()
		var at any
		if err := json.Unmarshal([]byte(answer), &at); err != nil {
			t.Fatal(err)
		}
		for _, name := range strings.Split(path, ".") {
			if list, ok := at.([]any); ok && len(list) > 0 {
				at = list[0]
			}
			at, _ = at.(map[string]any)[name]
		}
		text, ok := at.(string)
		if !ok {
			t.Fatalf("no %s in %s", path, answer)
		}
		return text
	}
	type reading struct{ operation, input, want string }
	// change writes, and holds that each reading says want afterwards and not before;
	// of a want that begins with ! the other way round.
	change := func(operation, input string, readings ...reading) string {
		t.Helper()
		say := func(r reading) bool {
			return strings.Contains(ask(r.operation, r.input), strings.TrimPrefix(r.want, "!")) != strings.HasPrefix(r.want, "!")
		}
		for _, r := range readings {
			if say(r) {
				t.Errorf("before %s: %s %s says %s", operation, r.operation, r.input, r.want)
			}
		}
		answer := ask(operation, input)
		for _, r := range readings {
			if !say(r) {
				t.Errorf("after %s: %s %s does not say %s: %s", operation, r.operation, r.input, r.want, ask(r.operation, r.input))
			}
		}
		return answer
	}
	now := time.Now()
	window := fmt.Sprintf(`"StartTime":%d,"EndTime":%d`, now.Add(-time.Hour).Unix(), now.Add(time.Minute).Unix())

	// Traces.
	document := func(id radiograph.TraceID, at time.Time, fault bool) string {
		doc, err := json.Marshal(fmt.Sprintf(`{"trace_id":%q,"id":"53995c3f42cd8ad8","name":"shop","start_time":%d,"end_time":%d.5,"fault":%v}`, id, at.Unix(), at.Unix(), fault))
		if err != nil {
			t.Fatal(err)
		}
		return string(doc)
	}
	id := radiograph.NewTraceID(now)
	change("PutTraceSegments", `{"TraceSegmentDocuments":[`+document(id, now, false)+`]}`,
		reading{"GetTraceSummaries", "{" + window + "}", id.String()},
		reading{"BatchGetTraces", `{"TraceIds":["` + id.String() + `"]}`, "53995c3f42cd8ad8"},
		reading{"GetServiceGraph", "{" + window + "}", `"shop"`},
		reading{"GetTraceGraph", `{"TraceIds":["` + id.String() + `"]}`, `"shop"`},
		reading{"GetTimeSeriesServiceStatistics", "{" + window + "}", `"TotalCount":1`},
	)
	ask("PutTelemetryRecords", fmt.Sprintf(`{"TelemetryRecords":[{"Timestamp":%d,"SegmentsReceivedCount":1}]}`, now.Unix())) // no operation tells of it; package ingest holds that it is kept

	// Sampling.
	const rule = `"ResourceARN":"*","Priority":10,"FixedRate":0.5,"ReservoirSize":3,"ServiceName":"*","ServiceType":"*","Host":"*","HTTPMethod":"*","URLPath":"*"`
	report := fmt.Sprintf(`{"SamplingStatisticsDocuments":[{"RuleName":"buy","ClientID":"%024d","Timestamp":%d,"RequestCount":7,"SampledCount":2}]}`, 1, now.Unix())
	made := change("CreateSamplingRule", `{"SamplingRule":{"RuleName":"buy","Version":1,`+rule+`}}`,
		reading{"GetSamplingRules", "{}", `"buy"`},
		reading{"GetSamplingTargets", report, `"ReservoirQuota":3`},
	)
	ruleARN := member(made, "SamplingRuleRecord.SamplingRule.RuleARN")
	change("UpdateSamplingRule", `{"SamplingRuleUpdate":{"RuleName":"buy","FixedRate":0.125}}`,
		reading{"GetSamplingRules", "{}", "0.125"}, reading{"GetSamplingTargets", report, "0.125"})
	change("GetSamplingTargets", strings.ReplaceAll(report, ":7,", ":1000,"),
		reading{"GetSamplingStatisticSummaries", "{}", `"RequestCount":10`})

	// Groups and tags.
	made = change("CreateGroup", `{"GroupName":"bad","FilterExpression":"fault","InsightsConfiguration":{"InsightsEnabled":true}}`,
		reading{"GetGroups", "{}", `"bad"`})
	groupARN := member(made, "Group.GroupARN")
	change("UpdateGroup", `{"GroupName":"bad","FilterExpression":"fault OR error"}`,
		reading{"GetGroup", `{"GroupName":"bad"}`, "fault OR error"})
	for _, arn := range []string{ruleARN, groupARN} {
		tags := reading{"ListTagsForResource", `{"ResourceARN":"` + arn + `"}`, `"team"`}
		change("TagResource", `{"ResourceARN":"`+arn+`","Tags":[{"Key":"team","Value":"shop"}]}`, tags)
		tags.want = "!" + tags.want
		change("UntagResource", `{"ResourceARN":"`+arn+`","TagKeys":["team"]}`, tags)
	}

	// Insights of the group: faults of minutes ago, where there were none.
	var faults []string
	for i := range 20 * 12 {
		at := now.Add(-time.Duration(3+i/20) * time.Minute).Truncate(time.Minute)
		faults = append(faults, document(radiograph.NewTraceID(at), at, i/20 < 4))
	}
	listing := reading{"GetInsightSummaries", `{"GroupName":"bad",` + window + `}`, `"InsightId"`}
	change("PutTraceSegments", `{"TraceSegmentDocuments":[`+strings.Join(faults, ",")+`]}`, listing)
	insight := `"InsightId":"` + member(ask(listing.operation, listing.input), "InsightSummaries.InsightId") + `"`
	for _, r := range []reading{
		{"GetInsight", "{" + insight + "}", `"shop"`},
		{"GetInsightEvents", "{" + insight + "}", `"EventTime"`},
		{"GetInsightImpactGraph", "{" + insight + "," + window + "}", `"shop"`},
	} {
		if answer := ask(r.operation, r.input); !strings.Contains(answer, r.want) {
			t.Errorf("%s: %s", r.operation, answer)
		}
	}

	// Settings.
	change("PutEncryptionConfig", `{"Type":"KMS","KeyId":"alias/k"}`, reading{"GetEncryptionConfig", "", "alias/k"})
	change("PutResourcePolicy", `{"PolicyName":"mine","PolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"xray:PutTraceSegments\",\"Resource\":\"*\"}}"}`, reading{"ListResourcePolicies", "{}", `"mine"`})
	change("DeleteResourcePolicy", `{"PolicyName":"mine"}`, reading{"ListResourcePolicies", "{}", `!"mine"`})
	change("UpdateIndexingRule", `{"Name":"Default","Rule":{"Probabilistic":{"DesiredSamplingPercentage":7}}}`, reading{"GetIndexingRules", "{}", `"DesiredSamplingPercentage":7`})
	change("UpdateTraceSegmentDestination", `{"Destination":"CloudWatchLogs"}`, reading{"GetTraceSegmentDestination", "", "CloudWatchLogs"})

	// Retrievals.
	token := `{"RetrievalToken":"` + member(ask("StartTraceRetrieval", `{"TraceIds":["`+id.String()+`"],`+window+`}`), "RetrievalToken") + `"}`
	for _, operation := range []string{"ListRetrievedTraces", "GetRetrievedTracesGraph"} {
		if answer := ask(operation, token); !strings.Contains(answer, "shop") {
			t.Errorf("%s: %s", operation, answer)
		}
	}
	change("CancelTraceRetrieval", token, reading{"ListRetrievedTraces", token, "CANCELLED"}, reading{"GetRetrievedTracesGraph", token, "!shop"})

	// And away.
	change("DeleteGroup", `{"GroupName":"bad"}`, reading{"GetGroups", "{}", `!"bad"`})
	change("DeleteSamplingRule", `{"RuleName":"buy"}`, reading{"GetSamplingRules", "{}", `!"buy"`})

	for operation := range paths {
		if !called[operation] {
			t.Errorf("%s is not called", operation)
		}
	}
	if len(paths) != 38 { // of the public model
		t.Errorf("there are %d operations", len(paths))
	}
}
