package lambda

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"radiograph"
)

// runtimes are those a function may be created with (recorded January 2026).
var runtimes = []string{
	"nodejs16.x", "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x",
	"python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14",
	"java8.al2", "java11", "java17", "java21", "java25",
	"dotnet6", "dotnet8", "dotnet10",
	"ruby3.2", "ruby3.3", "ruby3.4",
	"provided.al2", "provided.al2023",
}

// formerRuntimes were once known and are refused with a text of their own.
var formerRuntimes = []string{
	"go1.x", "provided",
	"nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x",
	"python2.7", "python3.6", "python3.7", "java8", "ruby2.5", "ruby2.7",
	"dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet5.0", "dotnet7",
}

func checkRuntime(name string) error {
	switch {
	case slices.Contains(runtimes, name):
		return nil
	case slices.Contains(formerRuntimes, name):
		return invalidParameter("The runtime parameter of %s is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.", name)
	}
	return invalidParameter("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s] or be a valid ARN", name, strings.Join(runtimes, ", "))
}

// RuntimeVersion is the name and ARN of the runtime version a function runs on,
// as INIT_START and RuntimeVersionConfig tell them. There is one version of each
// runtime here.
func RuntimeVersion(f *radiograph.Function) (name, arn string) {
	family := strings.IndexAny(f.Runtime, "0123456789.")
	if family < 0 {
		family = len(f.Runtime)
	}
	name = f.Runtime[:family] + ":" + strings.TrimSuffix(strings.TrimPrefix(f.Runtime[family:], "."), ".x") + ".v1"
	sum := sha256.Sum256([]byte(name))
	return name, "arn:aws:lambda:" + string(f.Tenant.Region) + "::runtime:" + hex.EncodeToString(sum[:])
}
