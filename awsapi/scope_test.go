package awsapi

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
)

func TestParseScope(t *testing.T) {
	for _, tt := range []struct {
		name, auth, query string
		want              Scope
		signed            bool
		err               string
	}{
		{name: "unsigned"},
		{name: "SigV4", auth: "AWS4-HMAC-SHA256 Credential=AK/20240922/eu-west-1/XRay/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", want: Scope{AccessKeyID: "AK", Region: "eu-west-1", Service: "xray"}, signed: true},
		{name: "no blanks", auth: "AWS4-HMAC-SHA256 SignedHeaders=host,Signature=00,Credential=AK/20240922/r/s3/aws4_request", want: Scope{AccessKeyID: "AK", Region: "r", Service: "s3"}, signed: true},
		{name: "SigV4a", auth: "AWS4-ECDSA-P256-SHA256 Credential=AK/20240922/s3/aws4_request, SignedHeaders=host, Signature=00", want: Scope{AccessKeyID: "AK", Service: "s3"}, signed: true},
		{name: "SigV2", auth: "AWS AK:c2lnbmF0dXJl", want: Scope{AccessKeyID: "AK", Service: "s3"}, signed: true},
		{name: "presigned", query: "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20240922%2Feu-west-1%2Flambda%2Faws4_request", want: Scope{AccessKeyID: "AK", Region: "eu-west-1", Service: "lambda", Presigned: true}, signed: true},
		{name: "somebody else's", auth: "Bearer abc"},
		{name: "basic", auth: "Basic YTpi"},
		{name: "no credential", auth: "AWS4-HMAC-SHA256 SignedHeaders=host", signed: true, err: "requires 'Credential'"},
		{name: "nothing more", auth: "AWS4-HMAC-SHA256", signed: true, err: "requires 'Credential'"},
		{name: "four parts", auth: "AWS4-HMAC-SHA256 Credential=AK/20240922/eu-west-1/xray", signed: true, err: "exactly 5"},
		{name: "empty part", auth: "AWS4-HMAC-SHA256 Credential=AK/20240922//xray/aws4_request", signed: true, err: "exactly 5"},
		{name: "control character", auth: "AWS4-HMAC-SHA256 Credential=AK/20240922/a\nb/xray/aws4_request", signed: true, err: "exactly 5"},
		{name: "long part", auth: "AWS4-HMAC-SHA256 Credential=AK/20240922/" + strings.Repeat("r", 200) + "/xray/aws4_request", signed: true, err: "exactly 5"},
		{name: "unknown algorithm", auth: "AWS4-ROT13 Credential=AK/1/r/s/aws4_request", signed: true, err: "Unsupported"},
		{name: "SigV2 without a key", auth: "AWS :x", signed: true, err: "AccessKeyId"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			query, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			got, signed, err := ParseScope(http.Header{"Authorization": {tt.auth}}, query)
			if signed != tt.signed {
				t.Errorf("signed = %v", signed)
			}
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestParseScopeOfSDK reads what the Go SDK's signer writes.
func TestParseScopeOfSDK(t *testing.T) {
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:4566/TraceSegments", bytes.NewReader([]byte("{}")))
	if err != nil {
		t.Fatal(err)
	}
	const hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
	keys := aws.Credentials{AccessKeyID: "123456789012", SecretAccessKey: "secret", SessionToken: "token"}
	signer, now := v4.NewSigner(), time.Date(2024, 9, 22, 0, 0, 0, 0, time.UTC)
	if err := signer.SignHTTP(context.Background(), keys, r, hash, "xray", "ap-southeast-2", now); err != nil {
		t.Fatal(err)
	}
	want := Scope{AccessKeyID: "123456789012", Region: "ap-southeast-2", Service: "xray"}
	if got, signed, err := ParseScope(r.Header, r.URL.Query()); got != want || !signed || err != nil {
		t.Errorf("header: %+v, %v, %v", got, signed, err)
	}
	r.Header.Del("Authorization")
	uri, _, err := signer.PresignHTTP(context.Background(), keys, r, hash, "xray", "ap-southeast-2", now)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	want.Presigned = true
	if got, signed, err := ParseScope(http.Header{}, u.Query()); got != want || !signed || err != nil {
		t.Errorf("query: %+v, %v, %v", got, signed, err)
	}
}

func FuzzParseScope(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AK/20240922/eu-west-1/xray/aws4_request, SignedHeaders=host, Signature=00", "")
	f.Add("AWS4-ECDSA-P256-SHA256 Credential=AK/20240922/s3/aws4_request", "")
	f.Add("AWS AK:x", "X-Amz-Credential=a/b/c/d/e")
	f.Add("", "X-Amz-Credential=%00/b/c/d/e")
	f.Fuzz(func(t *testing.T, auth, raw string) {
		query, _ := url.ParseQuery(raw)
		scope, signed, err := ParseScope(http.Header{"Authorization": {auth}}, query)
		if err == nil && signed && (scope.AccessKeyID == "" || scope.Service == "") {
			t.Errorf("signed by nobody for nothing: %+v", scope)
		}
		if !signed && scope != (Scope{}) {
			t.Errorf("unsigned, yet %+v", scope)
		}
		if strings.ContainsAny(string(scope.Region)+scope.Service, "/\n\x00") {
			t.Errorf("unclean scope %+v", scope)
		}
	})
}
