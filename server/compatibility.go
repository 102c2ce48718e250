package server

import (
	_ "embed"
	"io"
	"strings"

	"radiograph/awsapi"
	"radiograph/awsapi/xray"
)

// preface is the part of docs/compatibility.md that is written by hand: what
// was decided where the public record is silent.
//
//go:embed compatibility.md
var preface string

// WriteCompatibility writes docs/compatibility.md: the preface, then the tables
// of operations.
func WriteCompatibility(w io.Writer) error {
	_, err := io.WriteString(w, strings.TrimSpace(preface)+"\n\n"+awsapi.Compatibility(services(xray.Config{}, nil, nil)))
	return err
}
