package iam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"radiograph"
)

// policy is a parsed policy document.
type policy struct {
	Version   string
	Statement oneOrMany[*statement]
}

// statement is one rule of a policy. A nil list is an absent member.
type statement struct {
	Sid          string
	Effect       string
	Action       oneOrMany[string]
	NotAction    oneOrMany[string]
	Resource     oneOrMany[string]
	NotResource  oneOrMany[string]
	Principal    *principal
	NotPrincipal *principal
	Condition    map[string]map[string]oneOrMany[conditionValue]
}

// UnmarshalJSON refuses members that IAM does not know, so that a misspelt one
// does not silently allow more than was meant.
func (st *statement) UnmarshalJSON(b []byte) error {
	type plain statement
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return dec.Decode((*plain)(st))
}

// principal is "*" or kinds of principals with their names.
type principal struct {
	everyone bool
	names    map[string]oneOrMany[string] // "Service" → ["lambda.amazonaws.com"]
}

// UnmarshalJSON reads both forms.
func (p *principal) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil || s != "*" {
			return fmt.Errorf("principal %s", b)
		}
		p.everyone = true
		return nil
	}
	return json.Unmarshal(b, &p.names)
}

// oneOrMany reads a single value as a list of one.
type oneOrMany[T any] []T

// UnmarshalJSON reads both forms.
func (l *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	if b[0] == '[' {
		var many []T
		if err := json.Unmarshal(b, &many); err != nil {
			return err
		}
		*l = many
		return nil
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*l = oneOrMany[T]{one}
	return nil
}

// conditionValue is a string, number or boolean, compared as text.
type conditionValue string

// UnmarshalJSON reads a scalar.
func (v *conditionValue) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '"':
		return json.Unmarshal(b, (*string)(v))
	case '{', '[', 'n':
		return fmt.Errorf("condition value %s", b)
	}
	*v = conditionValue(b)
	return nil
}

func malformed(text string) error {
	return failure(radiograph.KindInvalid, "MalformedPolicyDocument", "%s", text)
}

// parsePolicy reads a document and checks what every policy must be.
func parsePolicy(document string) (*policy, error) {
	if !json.Valid([]byte(document)) {
		return nil, malformed("This policy contains invalid Json")
	}
	dec := json.NewDecoder(strings.NewReader(document))
	dec.DisallowUnknownFields()
	var raw struct {
		Version   string
		ID        string `json:"Id"`
		Statement oneOrMany[*statement]
	}
	if err := dec.Decode(&raw); err != nil {
		return nil, malformed("Syntax errors in policy.")
	}
	if raw.Version != "" && raw.Version != "2012-10-17" && raw.Version != "2008-10-17" {
		return nil, malformed("Syntax errors in policy.")
	}
	if len(raw.Statement) == 0 {
		return nil, malformed("Syntax errors in policy.")
	}
	for _, st := range raw.Statement {
		switch {
		case st == nil, st.Effect != "Allow" && st.Effect != "Deny":
			return nil, malformed("Syntax errors in policy.")
		case len(st.Action) > 0 == (len(st.NotAction) > 0):
			return nil, malformed("Policy statement must contain actions.")
		case st.Resource != nil && st.NotResource != nil, st.Principal != nil && st.NotPrincipal != nil:
			return nil, malformed("Syntax errors in policy.")
		}
		for _, a := range append(st.Action, st.NotAction...) {
			if service, name, ok := strings.Cut(a, ":"); a != "*" && (!ok || service == "" || name == "") {
				return nil, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
			}
		}
	}
	return &policy{Version: raw.Version, Statement: raw.Statement}, nil
}

// checkPermissionPolicy checks a policy that is put on a role.
func checkPermissionPolicy(document string) error {
	p, err := parsePolicy(document)
	if err != nil {
		return err
	}
	for _, st := range p.Statement {
		switch {
		case st.Principal != nil || st.NotPrincipal != nil:
			return malformed("Policy document should not specify a principal.")
		case len(st.Resource) == 0 && len(st.NotResource) == 0:
			return malformed("Policy statement must contain resources.")
		}
		for _, r := range append(st.Resource, st.NotResource...) {
			if r != "*" && !strings.HasPrefix(r, "arn:") {
				return malformed(fmt.Sprintf("Resource %s must be in ARN format or \"*\".", r))
			}
		}
	}
	return nil
}

// checkTrustPolicy checks a policy that says who may assume a role.
func checkTrustPolicy(document string) error {
	p, err := parsePolicy(document)
	if err != nil {
		return err
	}
	for _, st := range p.Statement {
		switch {
		case st.Resource != nil || st.NotResource != nil:
			return malformed("Has prohibited field Resource")
		case st.Principal == nil && st.NotPrincipal == nil:
			return malformed("Missing required field Principal")
		}
		for _, a := range append(st.Action, st.NotAction...) {
			if a != "*" && !strings.HasPrefix(strings.ToLower(a), "sts:") {
				return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
			}
		}
	}
	return nil
}

// policySize is a document's length as IAM counts it: without white space.
func policySize(document string) int {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(document)); err != nil {
		return len(document)
	}
	return b.Len()
}
