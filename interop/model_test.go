package interop

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// model is the public model of one service, as botocore carries it.
type model struct {
	Metadata struct {
		Protocol         string
		APIVersion       string `json:"apiVersion"`
		EndpointPrefix   string `json:"endpointPrefix"`
		SigningName      string `json:"signingName"`
		XMLNamespace     string `json:"xmlNamespace"`
		ServiceFullName  string `json:"serviceFullName"`
		SignatureVersion string `json:"signatureVersion"`
	}
	Operations map[string]*modelOperation
	Shapes     map[string]*modelShape
}

type modelOperation struct {
	HTTP struct {
		Method, RequestURI string
		ResponseCode       int
	}
	Input, Output *modelRef
	Errors        []modelRef
}

// modelRef is a use of a shape: by an operation, as a member, as an element.
type modelRef struct {
	Shape           string
	Location        string // uri, querystring, header, headers, statusCode
	LocationName    string
	TimestampFormat string
}

type modelShape struct {
	Type            string
	Members         map[string]modelRef
	Required        []string
	Payload         string
	Member          *modelRef // of a list
	Value           *modelRef // of a map
	Enum            []string
	Min, Max        *float64
	Pattern         string
	Exception       bool
	Flattened       bool
	TimestampFormat string
	Error           struct {
		Code           string
		HTTPStatusCode int `json:"httpStatusCode"`
	}
}

// loadModel reads the newest model of a service that the Python clients carry.
func loadModel(t testing.TB, p *python, service, version string) *model {
	t.Helper()
	name := filepath.Join(p.sitePackages(), "botocore", "data", service, version, "service-2.json.gz")
	f, err := os.Open(name)
	if err != nil {
		t.Fatalf("the public model of %s %s: %v", service, version, err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	m := new(model)
	if err := json.NewDecoder(z).Decode(m); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(m.Operations) == 0 || len(m.Shapes) == 0 {
		t.Fatalf("%s holds no operations", name)
	}
	return m
}
