package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// TestSimulate holds the command against stored traffic of known shape: six
// requests in each of two seconds, of which one fails and one is slow.
func TestSimulate(t *testing.T) {
	t.Parallel()
	p := up(t)
	c := p.client()
	began := time.Now().Add(-time.Minute).Truncate(time.Second)
	var docs, ids []string
	put := func(at time.Time, members string) {
		id := radiograph.NewTraceID(at)
		ids = append(ids, id.String())
		start := float64(at.UnixMilli()) / 1000
		docs = append(docs, fmt.Sprintf(`{"trace_id":%q,"id":"53995c3f42cd8ad8","start_time":%.3f,%s}`, id, start, strings.ReplaceAll(members, "END", fmt.Sprintf("%.3f", start+0.1))))
	}
	const shop = `"name":"shop","end_time":END,"aws":{"xray":{"sampling_rule_name":"Default"}},"http":{"request":{"method":"GET","url":"http://shop.test%s"},"response":{"status":%d}}`
	for second := range 2 {
		for i := range 6 {
			path, status := "/buy", 200
			if i >= 4 {
				path = "/health"
			}
			if second == 1 && i == 5 {
				status = 500
			}
			put(began.Add(time.Duration(second)*time.Second+time.Duration(i)*100*time.Millisecond), fmt.Sprintf(shop, path, status))
		}
	}
	put(began, `"name":"fn","origin":"AWS::Lambda","end_time":END`)
	put(began, `"name":"behind","parent_id":"00000000000000ff","end_time":END`)
	if err := c.json(t.Context(), "xray", http.MethodPost, "/TraceSegments", map[string]any{"TraceSegmentDocuments": docs}, nil); err != nil {
		t.Fatal(err)
	}
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "rules.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	rule := func(name string, priority int, rate float64, reservoir int, path string) string {
		return fmt.Sprintf(`{"RuleName":%q,"Priority":%d,"FixedRate":%v,"ReservoirSize":%d,"URLPath":%q,"ServiceName":"*","ServiceType":"*","Host":"SHOP.*","HTTPMethod":"*","ResourceARN":"*","Version":1}`, name, priority, rate, reservoir, path)
	}
	rules := file(`{"SamplingRules":[` + rule("health", 1, 0, 0, "/health*") + `,{"SamplingRule":` + rule("buy", 2, 0, 3, "/buy") + `}]}`)

	t.Run("JSON", func(t *testing.T) {
		code, stdout, stderr := p.command(t, "sampling", "simulate", rules, "--output", "json")
		if code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		var got result
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Fatal(err)
		}
		// Default recorded six in each second: the first by its reservoir, the others stand for 20.
		want := result{
			Rules: []ruleResult{
				{RuleName: "health", Priority: 1, Matched: 4, EstimatedRequests: 80},
				{RuleName: "buy", Priority: 2, Matched: 8, KeptByReservoir: 6, EstimatedRequests: 2 * (1 + 3*20), EstimatedSampled: 6},
				{RuleName: "Default", Priority: 10000},
			},
			Traces: 12, Kept: 6, Undecided: map[string]int{decidedByLambda: 1, decidedUpstream: 1},
			Lost: []lostTrace{{ID: ids[11], Status: "Fault"}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if _, again, _ := p.command(t, "sampling", "simulate", rules, "--output", "json"); again != stdout {
			t.Errorf("another answer:\n%s%s", stdout, again)
		}
	})

	// plain has one blank between words.
	plain := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	t.Run("text", func(t *testing.T) {
		code, stdout, stderr := p.command(t, "sampling", "simulate", rules, "--slow", "100ms", `http.url CONTAINS "/buy"`)
		if code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		for _, want := range []string{"buy 8 6 0 ~122 ~6", "6 of 8 stored traces", "Lost: 2 that failed or took 100 ms or more", ids[3], ids[9]} {
			if !strings.Contains(plain(stdout), want) {
				t.Errorf("%q is missing in:\n%s", want, stdout)
			}
		}
	})

	t.Run("the server's own rules", func(t *testing.T) {
		_, answer, err := c.do(t.Context(), "xray", http.MethodPost, "/GetSamplingRules", nil, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := p.command(t, "sampling", "simulate", file(string(answer)))
		if code != exitOK || !strings.Contains(plain(stdout), "Default 12 2") {
			t.Errorf("exit code %d, %s\n%s", code, stderr, stdout)
		}
	})

	for name, text := range map[string]string{
		"no JSON":         `{`,
		"a text":          `"x"`,
		"not all members": `{"RuleName":"a","Priority":1}`,
		"misspelt":        strings.Replace(rule("a", 1, 0, 0, "*"), "FixedRate", "FixdRate", 1),
		"out of bounds":   rule("a", 1, 2, 0, "*"),
		"twice":           "[" + rule("a", 1, 1, 0, "*") + "," + rule("a", 1, 1, 0, "*") + "]",
	} {
		t.Run(name, func(t *testing.T) {
			if code, stdout, stderr := p.command(t, "sampling", "simulate", file(text)); code != exitUsage || stdout != "" || !strings.Contains(stderr, "rules.json") {
				t.Errorf("exit code %d, %s, %s", code, stdout, stderr)
			}
		})
	}
	if code, _, _ := p.command(t, "sampling", "simulate"); code != exitUsage {
		t.Errorf("no file: exit code %d", code)
	}
}
