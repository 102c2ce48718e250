package lambda

import (
	"strings"
	"testing"
	"time"

	"radiograph"
)

// TestAcceptTrace is the table of modes and headers.
func TestAcceptTrace(t *testing.T) {
	const (
		active      = radiograph.TracingActive
		passThrough = radiograph.TracingPassThrough
		root        = "Root=" + someID
		parent      = ";Parent=53995c3f42cd8ad8"
		lineage     = ";Lineage=a87bd80c:0"
	)
	tests := []struct {
		name     string
		mode     radiograph.TracingMode
		newer    bool
		header   string
		sampler  bool
		recorded bool
		asked    bool   // the sampler was asked
		runtime  string // OURS stands for the Invocation's id, NEW for a made trace id
		answer   string // SERVICE stands for the service segment's id
	}{
		{name: "ActiveSampled", mode: active, header: root + parent + ";Sampled=1", recorded: true, runtime: root + ";Parent=OURS;Sampled=1", answer: root + ";Parent=SERVICE;Sampled=1"},
		{name: "ActiveNotSampled", mode: active, header: root + parent + ";Sampled=0", sampler: true, runtime: root + ";Parent=OURS;Sampled=0", answer: root + ";Parent=SERVICE;Sampled=0"},
		{name: "ActiveNothingTaken", mode: active, sampler: true, recorded: true, asked: true, runtime: "Root=NEW;Parent=OURS;Sampled=1", answer: "Root=NEW;Parent=SERVICE;Sampled=1"},
		{name: "ActiveNothingNotTaken", mode: active, asked: true, runtime: "Root=NEW;Parent=OURS;Sampled=0", answer: "Root=NEW;Parent=SERVICE;Sampled=0"},
		{name: "ActiveRootOnly", mode: active, header: root, sampler: true, recorded: true, asked: true, runtime: root + ";Parent=OURS;Sampled=1", answer: root + ";Parent=SERVICE;Sampled=1"},
		{name: "ActiveAsked", mode: active, header: root + parent + ";Sampled=?", sampler: true, recorded: true, asked: true, runtime: root + ";Parent=OURS;Sampled=1", answer: root + ";Parent=SERVICE;Sampled=1"},
		{name: "ActiveLineage", mode: active, header: root + parent + ";Sampled=1" + lineage, recorded: true, runtime: root + ";Parent=OURS;Sampled=1" + lineage, answer: root + ";Parent=SERVICE;Sampled=1" + lineage},
		{name: "ActiveSelfDropped", mode: active, header: "Self=1-67891234-12456789abcdef012345678;" + root + ";Sampled=1", recorded: true, runtime: root + ";Parent=OURS;Sampled=1", answer: root + ";Parent=SERVICE;Sampled=1"},
		{name: "ActiveUnreadableRoot", mode: active, header: "Root=banana;Parent=53995c3f42cd8ad8;Sampled=1", sampler: true, recorded: true, asked: true, runtime: "Root=NEW;Parent=OURS;Sampled=1", answer: "Root=NEW;Parent=SERVICE;Sampled=1"},
		{name: "ActiveAnyCaseAndBlanks", mode: active, header: "root=" + someID + " ; SAMPLED=1", recorded: true, runtime: root + ";Parent=OURS;Sampled=1", answer: root + ";Parent=SERVICE;Sampled=1"},
		{name: "PassThroughSampled", mode: passThrough, header: root + parent + ";Sampled=1", recorded: true, runtime: root + ";Parent=OURS;Sampled=1", answer: root + ";Parent=SERVICE;Sampled=1"},
		{name: "PassThroughNotSampled", mode: passThrough, header: root + parent + ";Sampled=0", sampler: true, runtime: root + ";Parent=OURS;Sampled=0", answer: root + ";Parent=SERVICE;Sampled=0"},
		{name: "PassThroughAsked", mode: passThrough, header: root + ";Sampled=?", sampler: true, runtime: root + ";Parent=OURS;Sampled=0", answer: root + ";Parent=SERVICE;Sampled=0"},
		{name: "PassThroughNothing", mode: passThrough, sampler: true, runtime: "Root=NEW;Parent=OURS;Sampled=0", answer: "Root=NEW;Parent=SERVICE;Sampled=0"},
		{name: "NewPassThroughSampled", mode: passThrough, newer: true, header: root + parent + ";Sampled=1" + lineage, runtime: root + parent + ";Sampled=1" + lineage, answer: root + ";Sampled=1" + lineage},
		{name: "NewPassThroughNotSampled", mode: passThrough, newer: true, header: root + parent + ";Sampled=0" + lineage, sampler: true, runtime: root + lineage, answer: root + lineage},
		{name: "NewPassThroughNothing", mode: passThrough, newer: true, sampler: true, runtime: "Root=NEW", answer: "Root=NEW"},
		{name: "NewLeavesActiveAlone", mode: active, newer: true, header: root + parent + ";Sampled=1", recorded: true, runtime: root + ";Parent=OURS;Sampled=1", answer: root + ";Parent=SERVICE;Sampled=1"},
	}
	now := time.Unix(1700000000, 0)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asked := false
			c := acceptTrace(test.mode, test.newer, test.header, now, func() (bool, bool) {
				asked = true
				return test.sampler, false
			})
			if c.Recorded != test.recorded {
				t.Errorf("recorded %v, want %v", c.Recorded, test.recorded)
			}
			if asked != test.asked {
				t.Errorf("sampler asked: %v, want %v", asked, test.asked)
			}
			if c.Reason == "" {
				t.Error("no reason")
			}
			invocation := radiograph.NewSegmentID()
			fill := strings.NewReplacer("OURS", invocation.String(), "SERVICE", c.Service.String(), "NEW", c.Trace.Root.String())
			if got, want := c.runtimeHeader(invocation), fill.Replace(test.runtime); got != want {
				t.Errorf("runtime gets %q, want %q", got, want)
			}
			if got, want := c.answerHeader(), fill.Replace(test.answer); got != want {
				t.Errorf("answer has %q, want %q", got, want)
			}
			if !strings.Contains(test.header, someID) && c.Trace.Root.Epoch().Time().Unix() != now.Unix() {
				t.Errorf("the new trace id %s is not of %d", c.Trace.Root, now.Unix())
			}
			want := radiograph.Stamp{Trace: c.Trace.Root, Invocation: invocation}
			if c.PassedOn {
				want = radiograph.Stamp{}
			}
			if got := c.stamp(invocation); got != want {
				t.Errorf("stamp %v, want %v", got, want)
			}
		})
	}
}
