package meter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePrices(t *testing.T) {
	free := AWSPrices()
	free.Recorded.Free = 7
	for text, want := range map[string]*Prices{
		`{}`:                                    ptr(AWSPrices()),
		`{"recorded":{"free":7}}`:               &free,
		`{"insights":{"per_million":-1}}`:       nil,
		`{"recored":{"free":7}}`:                nil,
		``:                                      nil,
		`{"recorded":{"free":"many"}}`:          nil,
		`{"read":{"free":0,"per_million":0.5}}`: func() *Prices { p := AWSPrices(); p.Read.Free = 0; return &p }(),
	} {
		got, err := ParsePrices([]byte(text))
		if (err != nil) != (want == nil) {
			t.Errorf("ParsePrices(%s): %v", text, err)
			continue
		}
		if want != nil {
			if d := cmp.Diff(*want, got); d != "" {
				t.Errorf("ParsePrices(%s) (-want +got):\n%s", text, d)
			}
		}
	}
}

func ptr[T any](v T) *T { return &v }
