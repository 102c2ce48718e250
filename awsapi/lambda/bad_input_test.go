package lambda

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"radiograph/awsapi"
)

// TestBadInput sends every operation requests that are wrong in one member, made
// from its own table row: each answer is a success or an error of the client's.
func TestBadInput(t *testing.T) {
	c := newClient(t)
	c.mustCreate("fn", members{"Publish": true})
	c.active("fn")
	long := strings.Repeat("x", 20_000)
	values := []any{nil, "", "\x00", "nosuch", "fn:9", "arn:aws:lambda:eu-west-1:123456789012:function:none", long, -1, 0, 0.5, 1e300, 1 << 40, true, []any{}, []any{nil}, []any{"x"}, members{}, members{"": nil}, members{"k": 1}}
	for _, op := range New(c.fns).Operations {
		if op.Name == "DeleteFunction" {
			continue // it would take the others' function
		}
		t.Run(op.Name, func(t *testing.T) {
			refused := 0
			send := func(bad *awsapi.Member, value any) {
				path, query, body, headers := op.Path, url.Values{}, members{}, []string{}
				for _, m := range op.Input.Members {
					v := any("fn")
					if m == bad {
						v = value
					} else if m.Location != awsapi.InPath {
						continue
					}
					text, isText := v.(string)
					if !isText {
						b, err := json.Marshal(v)
						if err != nil {
							t.Fatal(err)
						}
						text = string(b)
					}
					switch m.Location {
					case awsapi.InPath:
						if text == "" {
							text = " " // an empty label is another route
						}
						path = strings.ReplaceAll(path, "{"+m.WireName+"}", url.PathEscape(text))
					case awsapi.InQuery:
						query.Set(m.WireName, text)
					case awsapi.InHeader:
						headers = append(headers, m.WireName+": "+strings.ReplaceAll(text, "\x00", "?"))
					case awsapi.InBody:
						body[m.WireName] = v
					}
				}
				a := c.do(op.Method, path+"?"+query.Encode(), body, headers...)
				if a.StatusCode >= 400 {
					refused++
				}
				if a.StatusCode >= 500 || a.StatusCode >= 400 && a.Header.Get("X-Amzn-Errortype") == "" {
					t.Errorf("%s %.80s = %.80v: %d %.200s", op.Name, bad.Name, value, a.StatusCode, a.body)
				}
			}
			for _, m := range op.Input.Members {
				for _, value := range values {
					send(m, value)
				}
			}
			if len(op.Input.Members) > 0 && refused == 0 {
				t.Error("nothing was refused")
			}
		})
	}
}
