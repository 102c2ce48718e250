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

// proofs names the test that proves each operation.
//
//go:embed proofs.txt
var proofs string

// proofOf is the test that proves an operation, or "".
func proofOf(service, operation string) string {
	others := ""
	for line := range strings.Lines(proofs) {
		row := strings.Fields(line)
		if len(row) != 3 || row[0] != service {
			continue
		}
		switch row[1] {
		case operation:
			return row[2]
		case "*":
			others = row[2]
		}
	}
	return others
}

// WriteCompatibility writes docs/compatibility.md: the preface, then the tables
// of operations.
func WriteCompatibility(w io.Writer) error {
	_, err := io.WriteString(w, strings.TrimSpace(preface)+"\n\n"+awsapi.Compatibility(services(xray.Config{}, nil, nil), proofOf))
	return err
}
