package lambda

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"radiograph"
)

// Bounds of a function's settings (Lambda API reference and quotas).
const (
	maxNameLength      = 64
	maxHandlerLength   = 128
	maxDescription     = 256
	minTimeout         = 1
	maxTimeout         = 900
	minMemory          = 128
	maxMemory          = 10240
	minEphemeral       = 512
	maxEphemeral       = 10240
	maxLayers          = 5
	maxEnvironmentSize = 4096
)

// The values of settings a request leaves out.
const (
	defaultTimeout      = 3
	defaultMemory       = 128
	defaultEphemeral    = 512
	defaultArchitecture = "x86_64"
	packageZip          = "Zip"
)

const (
	namePatternText = `(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`
	rolePatternText = `arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`
)

var (
	namePattern     = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)
	rolePattern     = regexp.MustCompile(`^` + rolePatternText + `$`)
	handlerPattern  = regexp.MustCompile(`^[^\s]+$`)
	variablePattern = regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9_])+$`)
)

// reservedVariables are the environment's own (Lambda developer guide, "Reserved
// environment variables").
var reservedVariables = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

func applyDefaults(f *radiograph.Function) {
	if f.Timeout == 0 {
		f.Timeout = defaultTimeout
	}
	if f.MemorySize == 0 {
		f.MemorySize = defaultMemory
	}
	if f.EphemeralMB == 0 {
		f.EphemeralMB = defaultEphemeral
	}
	if f.Tracing == "" {
		f.Tracing = radiograph.TracingPassThrough
	}
	if f.Architecture == "" {
		f.Architecture = defaultArchitecture
	}
	if f.PackageType == "" {
		f.PackageType = packageZip
	}
}

// checkSettings holds a function's settings against the service's rules, all but
// those about its role.
func checkSettings(f *radiograph.Function) error {
	var v violations
	switch {
	case f.Name == "":
		v.add(nil, "functionName", "Member must not be null")
	case !namePattern.MatchString(f.Name):
		v.add(f.Name, "functionName", "Member must satisfy regular expression pattern: %s", namePatternText)
	case len(f.Name) > maxNameLength:
		v.add(f.Name, "functionName", "Member must have length less than or equal to %d", maxNameLength)
	}
	switch {
	case f.Role == "":
		v.add(nil, "role", "Member must not be null")
	case !rolePattern.MatchString(f.Role):
		v.add(f.Role, "role", "Member must satisfy regular expression pattern: %s", rolePatternText)
	}
	if len(f.Handler) > maxHandlerLength {
		v.add(f.Handler, "handler", "Member must have length less than or equal to %d", maxHandlerLength)
	} else if f.Handler != "" && !handlerPattern.MatchString(f.Handler) {
		v.add(f.Handler, "handler", `Member must satisfy regular expression pattern: [^\s]+`)
	}
	if utf8.RuneCountInString(f.Description) > maxDescription {
		v.add(f.Description, "description", "Member must have length less than or equal to %d", maxDescription)
	}
	v.bounds(f.Timeout, "timeout", minTimeout, maxTimeout)
	v.bounds(f.MemorySize, "memorySize", minMemory, maxMemory)
	v.bounds(f.EphemeralMB, "ephemeralStorage.size", minEphemeral, maxEphemeral)
	v.oneOf(string(f.Tracing), "tracingConfig.mode", "Active", "PassThrough")
	v.oneOf(f.Architecture, "architectures", "x86_64", "arm64")
	v.oneOf(f.PackageType, "packageType", "Zip", "Image")
	for name := range f.Environment {
		// Environment members that name reserved keys get that refusal instead.
		if !variablePattern.MatchString(name) && !slices.Contains(reservedVariables, name) {
			v.add(name, "environment.variables", "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]")
		}
	}
	if err := v.err(); err != nil {
		return err
	}
	if f.PackageType != packageZip {
		return invalidParameter("Functions with PackageType %s are not served by radiograph.", f.PackageType)
	}
	if f.Runtime == "" || f.Handler == "" {
		return invalidParameter("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	if err := checkRuntime(f.Runtime); err != nil {
		return err
	}
	if len(f.Layers) > maxLayers {
		return invalidParameter("Cannot reference more than %d layers.", maxLayers)
	}
	for _, layer := range f.Layers {
		return invalidParameter("Layer version %s does not exist.", layer)
	}
	return checkEnvironment(f.Environment)
}

func (v *violations) bounds(n int, member string, low, high int) {
	if n < low {
		v.add(n, member, "Member must have value greater than or equal to %d", low)
	} else if n > high {
		v.add(n, member, "Member must have value less than or equal to %d", high)
	}
}

func (v *violations) oneOf(value, member string, set ...string) {
	if !slices.Contains(set, value) {
		v.add(value, member, "Member must satisfy enum value set: [%s]", strings.Join(set, ", "))
	}
}

func checkEnvironment(variables map[string]string) error {
	var reserved []string
	for name := range variables {
		if slices.Contains(reservedVariables, name) {
			reserved = append(reserved, name)
		}
	}
	if len(reserved) > 0 {
		slices.Sort(reserved)
		return invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(reserved, ", "))
	}
	if len(variables) == 0 {
		return nil
	}
	text, err := json.Marshal(variables)
	if err != nil {
		return radiograph.Errorf(radiograph.KindInternal, "spell environment variables: %w", err)
	}
	if len(text) > maxEnvironmentSize {
		return invalidParameter("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: %s", text)
	}
	return nil
}
