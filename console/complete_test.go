package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestCompleteFilter asks as the filter box does.
func TestCompleteFilter(t *testing.T) {
	f := newFixture(time.Now())
	f.everything()
	for _, test := range []struct {
		text, params, keep, some, without string
	}{
		{"", "", "", "fault", "first"},
		{"é AND fau", "", "é AND ", "fault", "ok"},
		{"service(ch", "", "service(", `"checkout"`, `"thumbnail"`},
		{`service("th`, "", "service(", `"thumbnail"`, `"checkout"`},
		{`service("th`, "from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", "service(", "", `"thumbnail"`},
		{"service(id(type: AWS", "", "service(id(type: ", `"AWS::Lambda::Function"`, "unknown"},
		{"annotation.al", "", "", "annotation.album", "annotation.cart_size"},
		{`annotation.album = "L`, "", "annotation.album = ", `"Lisbon 2026"`, "AND"},
		{"http.method = ", "", "http.method = ", `"GET"`, "fault"},
	} {
		target := "/traces/complete?text=" + url.QueryEscape(test.text) + "&" + test.params
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Host = "localhost"
		f.ServeHTTP(w, r)
		var got struct {
			Keep       string
			Candidates []struct{ Text, Doc string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d %v %s", test.text, w.Code, err, w.Body)
		}
		list := " "
		for _, c := range got.Candidates {
			list += c.Text + " "
		}
		if got.Keep != test.keep {
			t.Errorf("%s: keeps %q, want %q", test.text, got.Keep, test.keep)
		}
		if test.some != "" && !strings.Contains(list, " "+test.some+" ") {
			t.Errorf("%s: %s is missing in%s", test.text, test.some, list)
		}
		if strings.Contains(list, " "+test.without+" ") {
			t.Errorf("%s: %s has no place in%s", test.text, test.without, list)
		}
	}
}
