package lambda

import (
	"fmt"
	"strings"

	"radiograph"
)

// functionID is a function, or one version of it, as a request names it.
type functionID struct {
	name      string
	qualifier string
	account   radiograph.AccountID // as the name says; "" when it says none
}

func (id functionID) arn(t radiograph.Tenant) string {
	if id.account != "" {
		t.Account = id.account
	}
	arn := radiograph.FunctionARN(t, id.name)
	if id.qualifier != "" {
		arn += ":" + id.qualifier
	}
	return arn
}

// namePattern is what the service says of names that fit none of the forms.
const namePattern = `(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`

// parseName reads the forms of a function's name: my-function,
// 123456789012:function:my-function, the whole ARN, each with :qualifier or
// without. A qualifier parameter must agree with that of the name.
func parseName(t radiograph.Tenant, name, qualifier string) (functionID, error) {
	id, region, ok := splitName(name)
	if !ok {
		return functionID{}, exception(radiograph.KindInvalid, "ValidationException",
			"1 validation error detected: Value '%.200s' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", name, namePattern)
	}
	if region != "" && region != string(t.Region) {
		return functionID{}, exception(radiograph.KindNotFound, "ResourceNotFoundException",
			"Functions from '%s' are not reachable in this region ('%s')", region, t.Region)
	}
	if id.qualifier != "" && qualifier != "" && id.qualifier != qualifier {
		return functionID{}, exception(radiograph.KindInvalid, "InvalidParameterValueException",
			"The derived qualifier from the function name does not match the specified qualifier.")
	}
	if qualifier != "" {
		id.qualifier = qualifier
	}
	return id, nil
}

// splitName takes a name apart; ok is false when it has none of the forms.
func splitName(name string) (id functionID, region string, ok bool) {
	parts := strings.Split(name, ":")
	take := func() string {
		if len(parts) == 0 {
			return ""
		}
		first := parts[0]
		parts = parts[1:]
		return first
	}
	if parts[0] == "arn" {
		if len(parts) < 7 || !strings.HasPrefix(parts[1], "aws") || parts[2] != "lambda" || parts[3] == "" || !isAccount(parts[4]) || parts[5] != "function" {
			return functionID{}, "", false
		}
		region, id.account = parts[3], radiograph.AccountID(parts[4])
		parts = parts[6:]
	} else {
		if len(parts) > 1 && isRegion(parts[0]) && (isAccount(parts[1]) || parts[1] == "function") {
			region = take()
		}
		if len(parts) > 1 && isAccount(parts[0]) {
			id.account = radiograph.AccountID(take())
		}
		if len(parts) > 1 && parts[0] == "function" {
			take()
		}
	}
	id.name = take()
	if len(parts) > 0 {
		if id.qualifier = take(); id.qualifier == "" {
			return functionID{}, "", false
		}
	}
	if len(parts) > 0 || !isName(id.name) || !isName(strings.TrimPrefix(id.qualifier, "$")) && id.qualifier != "" {
		return functionID{}, "", false
	}
	return id, region, true
}

func isName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// isRegion knows a region's look: eu-west-1, us-gov-west-1.
func isRegion(s string) bool {
	return len(s) > 5 && strings.Count(s, "-") >= 2 && s[len(s)-2] == '-' && s[len(s)-1] >= '0' && s[len(s)-1] <= '9'
}

// find reads a function's name. A function of another account does not exist
// for the caller.
func find(t radiograph.Tenant, name, qualifier string) (functionID, error) {
	id, err := parseName(t, name, qualifier)
	if err != nil {
		return id, err
	}
	if id.account != "" && id.account != t.Account {
		return id, exception(radiograph.KindNotFound, "ResourceNotFoundException", "Function not found: %s", id.arn(t))
	}
	return id, nil
}

// findLatest is find for operations on $LATEST alone: a published version does
// not change.
func findLatest(t radiograph.Tenant, name, operation string) (functionID, error) {
	id, err := find(t, name, "")
	if err == nil && id.qualifier != "" && id.qualifier != radiograph.LatestVersion {
		return id, exception(radiograph.KindInvalid, "InvalidParameterValueException", "%s",
			fmt.Sprintf("%s works on $LATEST only; the name has the qualifier %s, and a published version cannot be changed.", operation, id.qualifier))
	}
	return id, err
}
