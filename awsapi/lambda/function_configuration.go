package lambda

import (
	"maps"
	"slices"

	"radiograph"
	"radiograph/lambda"
)

// functionConfiguration is a version of a function as answers tell it.
type functionConfiguration struct {
	FunctionName               string
	FunctionArn                string
	Runtime                    string
	Role                       string
	Handler                    string
	CodeSize                   int64
	Description                string
	Timeout                    int
	MemorySize                 int
	LastModified               string
	CodeSha256                 string
	Version                    string
	Environment                *environmentResponse
	TracingConfig              tracingConfig
	RevisionId                 string
	Layers                     []layer `omit:"empty"`
	State                      string
	StateReason                string `omit:"empty"`
	StateReasonCode            string `omit:"empty"`
	LastUpdateStatus           string `omit:"empty"`
	LastUpdateStatusReason     string `omit:"empty"`
	LastUpdateStatusReasonCode string `omit:"empty"`
	PackageType                string
	Architectures              []string
	EphemeralStorage           ephemeralStorageResponse
	SnapStart                  snapStartResponse
	RuntimeVersionConfig       runtimeVersionConfig
	LoggingConfig              loggingConfig
}

type environmentResponse struct {
	Variables map[string]string
}

type tracingConfig struct {
	Mode string `enum:"Active,PassThrough"`
}

type layer struct {
	Arn string
}

type ephemeralStorageResponse struct {
	Size int
}

type snapStartResponse struct {
	ApplyOn            string
	OptimizationStatus string
}

type runtimeVersionConfig struct {
	RuntimeVersionArn string
}

// lastModified is the form of LastModified: ISO 8601 with milliseconds and a
// numeric zone (recorded).
const lastModified = "2006-01-02T15:04:05.000-0700"

func configuration(f *radiograph.Function) *functionConfiguration {
	_, runtimeARN := lambda.RuntimeVersion(f)
	c := &functionConfiguration{
		FunctionName:               f.Name,
		FunctionArn:                f.ARN(),
		Runtime:                    f.Runtime,
		Role:                       f.Role,
		Handler:                    f.Handler,
		CodeSize:                   f.CodeSize,
		Description:                f.Description,
		Timeout:                    f.Timeout,
		MemorySize:                 f.MemorySize,
		LastModified:               f.LastModified.UTC().Format(lastModified),
		CodeSha256:                 lambda.CodeSHA256(f),
		Version:                    f.Version,
		TracingConfig:              tracingConfig{Mode: string(f.Tracing)},
		RevisionId:                 f.RevisionID,
		State:                      f.State,
		StateReason:                f.StateReason,
		StateReasonCode:            f.StateReasonCode,
		LastUpdateStatus:           f.LastUpdateStatus,
		LastUpdateStatusReason:     f.LastUpdateStatusReason,
		LastUpdateStatusReasonCode: f.LastUpdateStatusReasonID,
		PackageType:                f.PackageType,
		Architectures:              []string{f.Architecture},
		EphemeralStorage:           ephemeralStorageResponse{Size: f.EphemeralMB},
		SnapStart:                  snapStartResponse{ApplyOn: "None", OptimizationStatus: "Off"},
		RuntimeVersionConfig:       runtimeVersionConfig{RuntimeVersionArn: runtimeARN},
		LoggingConfig:              loggingConfig{LogFormat: "Text", LogGroup: f.LogGroup()},
	}
	if len(f.Environment) > 0 {
		c.Environment = &environmentResponse{Variables: f.Environment}
	}
	for _, arn := range f.Layers {
		c.Layers = append(c.Layers, layer{Arn: arn})
	}
	return c
}

// settings are the members that CreateFunction and UpdateFunctionConfiguration
// share. An absent one keeps what is.
type settings struct {
	role        *string
	runtime     *string
	handler     *string
	description *string
	timeout     *int
	memorySize  *int
	tracing     *tracingConfig
	environment *environment
	layers      []string // nil: absent
	ephemeral   *ephemeralStorage
}

// apply writes what came into f.
func (s settings) apply(f *radiograph.Function) {
	set(&f.Role, s.role)
	set(&f.Runtime, s.runtime)
	set(&f.Handler, s.handler)
	set(&f.Description, s.description)
	set(&f.Timeout, s.timeout)
	set(&f.MemorySize, s.memorySize)
	if s.tracing != nil && s.tracing.Mode != "" {
		f.Tracing = radiograph.TracingMode(s.tracing.Mode)
	}
	if s.environment != nil {
		f.Environment = maps.Clone(s.environment.Variables)
	}
	if s.layers != nil {
		f.Layers = slices.Clone(s.layers)
	}
	if s.ephemeral != nil {
		set(&f.EphemeralMB, s.ephemeral.Size)
	}
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

type environment struct {
	Variables map[string]string
}

type ephemeralStorage struct {
	Size *int `required:"true" min:"512" max:"32768"`
}

// loggingConfig enters and leaves.
type loggingConfig struct {
	LogFormat           string `enum:"JSON,Text"`
	ApplicationLogLevel string `omit:"empty" enum:"TRACE,DEBUG,INFO,WARN,ERROR,FATAL"`
	SystemLogLevel      string `omit:"empty" enum:"DEBUG,INFO,WARN"`
	LogGroup            string `min:"1" max:"512" pattern:"[\\.\\-_/#A-Za-z0-9]+"`
}
