package console_test

import (
	"strings"
	"testing"
	"time"

	"radiograph"
	"radiograph/meter"
)

// playedUsage is a month of an account that has passed what is free.
type playedUsage struct{}

func (playedUsage) Report(account radiograph.AccountID) meter.Report {
	return meter.Report{Account: account, Months: []meter.Month{{
		Month: "2026-11",
		Regions: []meter.Region{
			{Region: "<b>eu-west-1</b>", Counts: meter.Counts{Recorded: 110_000, Retrieved: 7, Scanned: 249_993}},
		},
		Bill: []meter.Line{
			{What: "Traces recorded", Traces: 110_000, Free: 100_000, Billed: 10_000, USD: 0.05},
			{What: "Traces retrieved or scanned", Traces: 250_000, Free: 1_000_000, FreeLeft: 750_000},
			{What: "Traces processed for insights", Traces: 3, Billed: 3, USD: 0.000003},
		},
		USD: 0.050003,
	}}}
}

func TestUsagePage(t *testing.T) {
	page := open(t, newFixture(time.Now()), "/usage")
	text := words(page)
	for _, want := range []string{
		"November 2026 $0.05",
		"Traces recorded 110 000 100 % 0 10 000 $0.05",
		"Traces retrieved or scanned 250 000 25 % 750 000 0 $0.00",
		"Traces processed for insights 3 nothing is free 0 3 $0.000003",
		"<b>eu-west-1</b> 110 000 7 249 993 0",
		"segments-per-second none ThrottledException, 429",
		"groups 25 InvalidRequestException, 400",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in: %s", want, text)
		}
	}
	if strings.Contains(page, "<b>eu-west-1") {
		t.Error("a region's name is not escaped")
	}
	if !strings.Contains(page, `href="/usage" aria-current="page"`) {
		t.Error("the navigation does not say where one is")
	}
}
