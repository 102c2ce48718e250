package main

import (
	"strings"
	"testing"

	"radiograph"
	"radiograph/meter"
	"radiograph/server"
)

func TestWriteUsage(t *testing.T) {
	u := &server.Usage{
		Report: meter.Report{Account: "111111111111", Months: []meter.Month{
			{
				Month:   "2026-11",
				Regions: []meter.Region{{Region: "eu-west-1\x1b[2J", Counts: meter.Counts{Recorded: 1_234_567, Scanned: 20}}},
				Bill: []meter.Line{
					{What: "Traces recorded", Traces: 1_234_567, Billed: 1_134_567, USD: 5.672835},
					{What: "Traces retrieved or scanned", Traces: 20, FreeLeft: 999_980},
					{What: "Traces processed for insights", Traces: 3, Billed: 3, USD: 0.000003},
				},
				USD: 5.672838,
			},
			{Month: "2026-10"},
		}},
		Limits: []radiograph.Limit{{Name: "groups", Value: 25, Effect: "an error"}, {Name: "data-days", Effect: "another"}},
	}
	var out strings.Builder
	if err := writeUsage(&out, u); err != nil {
		t.Fatal(err)
	}
	want := `2026-11  account 111111111111
                                        TRACES      FREE LEFT         BILLED            USD
  Traces recorded                    1,234,567              0      1,134,567           5.67
  Traces retrieved or scanned               20        999,980              0           0.00
  Traces processed for insights              3              0              3       0.000003
  AWS would charge                                                                     5.67

                                      RECORDED      RETRIEVED        SCANNED       INSIGHTS
  eu-west-1·[2J                      1,234,567              0             20              0

2026-10  account 111111111111
                                        TRACES      FREE LEFT         BILLED            USD
  AWS would charge                                                                     0.00
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	out.Reset()
	if err := writeLimits(&out, u); err != nil {
		t.Fatal(err)
	}
	if want := "groups                      25  an error\ndata-days                 none  another\n"; out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 12: "12", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %s, want %s", n, got, want)
		}
	}
}
