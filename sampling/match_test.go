package sampling

import (
	"testing"

	"radiograph"
)

func TestMatch(t *testing.T) {
	of := func(name string, change func(*radiograph.SamplingRule)) radiograph.SamplingRule {
		r := Default(tenant)
		r.Name = name
		change(&r)
		return r
	}
	rules := []radiograph.SamplingRule{
		of("attributes", func(r *radiograph.SamplingRule) { r.Attributes = map[string]string{"a": "b"} }),
		of("resource", func(r *radiograph.SamplingRule) { r.ResourceARN = "arn:aws:x" }),
		of("health", func(r *radiograph.SamplingRule) { r.URLPath, r.HTTPMethod = "/HEALTH*", "get" }),
		of("host", func(r *radiograph.SamplingRule) { r.Host = "api.?.test" }),
		of("shop", func(r *radiograph.SamplingRule) { r.ServiceName, r.ServiceType = "shop", "AWS::EC2::*" }),
		Default(tenant),
	}
	for _, test := range []struct {
		request Request
		want    string
	}{
		{Request{Service: "shop", Type: "AWS::EC2::Instance", Host: "shop.test", Method: "GET", Path: "/health/live"}, "health"},
		{Request{Service: "shop", Type: "AWS::EC2::Instance", Host: "shop.test", Method: "POST", Path: "/health"}, "shop"},
		{Request{Service: "pay", Host: "API.A.test", Method: "GET", Path: "/"}, "host"},
		{Request{Service: "pay", Host: "api.ab.test", Method: "GET", Path: "/"}, "Default"},
		{Request{Service: "shop", Host: "x", Path: "/"}, "shop"}, // its type is not known
		{Request{}, "health"},
	} {
		if got := Match(rules, test.request); got == nil || got.Name != test.want {
			t.Errorf("%+v: %+v, want %s", test.request, got, test.want)
		}
	}
	if got := Match(rules[:2], Request{}); got != nil {
		t.Errorf("a rule for fronts matched: %+v", got)
	}
}
