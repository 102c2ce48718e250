package metric

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

func TestPageIsReadByPrometheus(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{0, 250 * time.Microsecond, 251 * time.Microsecond, 30 * time.Millisecond, 2 * time.Minute} {
		h.Observe(d)
	}
	var p Page
	c := p.Counter("requests_total", "Requests,\nby \\ exception.")
	c.Add(3, "exception", "a\"b\\c\nd\xff", "door", "api")
	c.Add(0.5, "exception", "", "door", "lambda")
	p.Gauge("level", "A level.").Add(-1 << 60)
	p.Gauge("none", "No sample.")
	p.Gauge("infinite", "No end.").Add(math.Inf(1))
	p.Histogram("took_seconds", "A time.").AddHistogram(&h, "operation", "x")

	var parser expfmt.TextParser
	families, err := parser.TextToMetricFamilies(bytes.NewReader(p.Bytes()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, p.Bytes())
	}
	requests := families["requests_total"]
	if requests.GetType() != dto.MetricType_COUNTER || requests.GetHelp() != "Requests,\nby \\ exception." {
		t.Errorf("family = %v", requests)
	}
	first := requests.Metric[0]
	if got := first.Label[0].GetValue(); got != "a\"b\\c\nd\uFFFD" || first.Label[1].GetValue() != "api" || first.Counter.GetValue() != 3 {
		t.Errorf("sample = %v", first)
	}
	if got := families["level"].Metric[0].Gauge.GetValue(); got != -1<<60 {
		t.Errorf("level = %g", got)
	}
	if got := families["infinite"].Metric[0].Gauge.GetValue(); !math.IsInf(got, 1) {
		t.Errorf("infinite = %g", got)
	}
	got := families["took_seconds"].Metric[0].Histogram
	counts := map[float64]uint64{}
	for _, b := range got.Bucket {
		counts[b.GetUpperBound()] = b.GetCumulativeCount()
	}
	want := map[float64]uint64{}
	for _, bound := range Bounds {
		switch {
		case bound < 300*time.Microsecond:
			want[bound.Seconds()] = 2
		case bound < 30*time.Millisecond:
			want[bound.Seconds()] = 3
		default:
			want[bound.Seconds()] = 4
		}
	}
	want[math.Inf(1)] = 5
	if d := cmp.Diff(want, counts); d != "" {
		t.Errorf("buckets (-want +got):\n%s", d)
	}
	if got.GetSampleCount() != 5 || math.Abs(got.GetSampleSum()-120.030501) > 1e-9 {
		t.Errorf("count %d, sum %g", got.GetSampleCount(), got.GetSampleSum())
	}
}
