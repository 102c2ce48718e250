package awsapi

import (
	"fmt"
	"strings"

	"radiograph"
)

// Compatibility writes the services' tables as markdown: the body of
// docs/compatibility.md. proof names the test that proves an operation.
func Compatibility(services []Service, proof func(service, operation string) string) string {
	var b strings.Builder
	for i := range services {
		s := &services[i]
		fmt.Fprintf(&b, "## %s (`%s`, %s, API %s)\n\n", s.Title, s.Name, s.Protocol, s.Version)
		served := 0
		for j := range s.Operations {
			if modelled(&s.Operations[j]) {
				served++
			}
		}
		fmt.Fprintf(&b, "%d of %d modelled operations are served.\n\n", served, served+len(s.Modelled))
		b.WriteString("| operation | request | success | permission asked of roles | test |\n|---|---|---|---|---|\n")
		for j := range s.Operations {
			op := &s.Operations[j]
			permission := "none"
			if op.permission {
				permission = "`" + op.action(s) + "`"
			}
			request := "`" + op.Method + " " + op.Path + "`"
			if s.Protocol == Query {
				request = "`Action=" + op.Name + "`"
			}
			fmt.Fprintf(&b, "| %s | %s | %d | %s | `%s` |\n", op.Name, request, op.Status, permission, proof(s.Name, op.Name))
		}
		if len(s.Modelled) > 0 {
			names := make([]string, len(s.Modelled))
			for j, u := range s.Modelled {
				names[j] = u.Name
			}
			fmt.Fprintf(&b, "\nAnswered with `%s`, and a text that says so: %s.\n", unservedName(s), strings.Join(names, ", "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// modelled reports whether the public model has an operation: all but ours,
// which live below /radiograph/.
func modelled(op *Operation) bool { return !strings.HasPrefix(op.Path, "/radiograph/") }

// unservedName is the error of operations that are not served.
func unservedName(s *Service) string {
	name := exception(s, &radiograph.Error{Kind: radiograph.KindUnsupported}).Name
	if s.Protocol == Query {
		name = queryCode(name)
	}
	return name
}
