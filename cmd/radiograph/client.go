package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"radiograph"
)

// defaultEndpoint is where `radiograph up` listens when it is not told
// otherwise.
const defaultEndpoint = "http://127.0.0.1:4566"

// maxAnswer bounds what is read of one answer: the largest is a function's
// response of 6 MB, a page of BatchGetTraces is smaller.
const maxAnswer = 64 << 20

// A client asks a running server over the public AWS API, as any AWS SDK would.
// Its requests carry a credential scope, so that account and region travel, and
// no secret: radiograph does not check signatures of keys it did not issue.
type client struct {
	endpoint  string // without a trailing slash
	accessKey string // a twelve-digit key is the account
	region    string
	http      *http.Client
}

// clientFlags are the flags every client command has.
type clientFlags struct {
	endpoint, account, region string
}

// register adds the flags to a command.
func (f *clientFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.endpoint, "endpoint", "", "the server's address (default $AWS_ENDPOINT_URL, else "+defaultEndpoint+")")
	cmd.Flags().StringVar(&f.account, "account", "", "account to ask for (default $AWS_ACCESS_KEY_ID when it is twelve digits, else "+string(radiograph.DefaultAccount)+")")
	cmd.Flags().StringVar(&f.region, "region", "", "region to ask for (default $AWS_REGION, else $AWS_DEFAULT_REGION, else "+string(radiograph.DefaultRegion)+")")
}

// client makes the client the flags and the environment ask for.
func (f *clientFlags) client() (*client, error) {
	endpoint := strings.TrimRight(cmp.Or(f.endpoint, os.Getenv("AWS_ENDPOINT_URL"), defaultEndpoint), "/")
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usagef("%q is not an endpoint: want a URL such as %s", endpoint, defaultEndpoint)
	}
	if f.account != "" && !isAccount(f.account) {
		return nil, usagef("--account %q is not a twelve-digit account number", f.account)
	}
	region := cmp.Or(f.region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), string(radiograph.DefaultRegion))
	if strings.ContainsAny(region, "/, \t\r\n") {
		return nil, usagef("%q is not a region", region)
	}
	// A key from the environment that is not an account (a role's session, or
	// real ones that have no business here) is left out on purpose.
	account := f.account
	if key := os.Getenv("AWS_ACCESS_KEY_ID"); account == "" && isAccount(key) {
		account = key
	}
	return newClient(endpoint, cmp.Or(account, string(radiograph.DefaultAccount)), region), nil
}

func newClient(endpoint, account, region string) *client {
	return &client{endpoint: endpoint, accessKey: account, region: region, http: &http.Client{}}
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// tenant is whose data the client sees, for messages.
func (c *client) tenant() radiograph.Tenant {
	return radiograph.Tenant{Account: radiograph.AccountID(c.accessKey), Region: radiograph.Region(c.region)}
}

// An apiError is an AWS error as the server answered it.
type apiError struct {
	Status        int
	Code, Message string
}

func (e *apiError) Error() string {
	if e.Message == "" {
		return cmp.Or(e.Code, http.StatusText(e.Status))
	}
	return cmp.Or(e.Code, http.StatusText(e.Status)) + ": " + e.Message
}

// do sends one request in a service's name and reads the whole answer. A status
// of 400 and above is an *apiError.
func (c *client) do(ctx context.Context, service, method, path string, header http.Header, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if service != "" {
		now := time.Now().UTC()
		req.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
		req.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=host;x-amz-date, Signature=%064d",
			c.accessKey, now.Format("20060102"), c.region, service, 0))
	}
	req.Header.Set("User-Agent", "radiograph/"+version())
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, c.explain(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, nil, fmt.Errorf("read the answer of %s: %w", c.endpoint, err)
	}
	if resp.StatusCode >= 400 {
		return nil, nil, readError(resp, answer)
	}
	return resp, answer, nil
}

// explain says what to do when nobody listens.
func (c *client) explain(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no server at %s: start one with 'radiograph up', or name another with --endpoint", c.endpoint)
	}
	return err
}

// readError takes the error's name and text from where AWS clients look.
func readError(resp *http.Response, body []byte) error {
	e := &apiError{Status: resp.StatusCode, Code: resp.Header.Get("X-Amzn-Errortype")}
	var wire struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // in any letter case
	}
	var query struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	if json.Unmarshal(body, &wire) == nil {
		e.Code, e.Message = cmp.Or(e.Code, wire.Type), wire.Message
	} else if xml.Unmarshal(body, &query) == nil {
		e.Code, e.Message = cmp.Or(query.Code, e.Code), query.Message
	}
	e.Code, _, _ = strings.Cut(e.Code, ":")
	e.Code = e.Code[strings.LastIndexByte(e.Code, '#')+1:]
	return e
}

// json calls a rest-json operation. in nil sends no body, out nil ignores the
// answer.
func (c *client) json(ctx context.Context, service, method, path string, in, out any) error {
	var body []byte
	header := http.Header{}
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
		header.Set("Content-Type", "application/json")
	}
	_, answer, err := c.do(ctx, service, method, path, header, body)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s does not answer as %s does: %w", c.endpoint, service, err)
	}
	return nil
}

// query calls an operation of the query protocol.
func (c *client) query(ctx context.Context, service, apiVersion, action string, params url.Values, out any) error {
	form := url.Values{"Action": {action}, "Version": {apiVersion}}
	for k, v := range params {
		form[k] = v
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	_, answer, err := c.do(ctx, service, http.MethodPost, "/", header, []byte(form.Encode()))
	if err != nil || out == nil {
		return err
	}
	if err := xml.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s does not answer as %s does: %w", c.endpoint, service, err)
	}
	return nil
}
