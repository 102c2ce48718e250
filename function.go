package radiograph

import (
	"strings"
	"time"
)

// TracingMode is a function's TracingConfig.Mode.
type TracingMode string

// The modes.
const (
	TracingActive      TracingMode = "Active"
	TracingPassThrough TracingMode = "PassThrough" // the default
)

// LatestVersion is the name of the version that can still be changed.
const LatestVersion = "$LATEST"

// Function is the configuration of one version of a function. A published
// version is a frozen copy; only $LATEST changes.
type Function struct {
	Tenant       Tenant
	Name         string
	Version      string // "$LATEST" or a number
	Description  string
	Role         string // ARN
	Runtime      string // python3.12, provided.al2023, ...
	Handler      string
	Timeout      int // seconds
	MemorySize   int // MB
	Environment  map[string]string
	Tracing      TracingMode
	Architecture string
	PackageType  string
	Layers       []string
	EphemeralMB  int
	Tags         map[string]string `json:",omitempty"` // $LATEST only

	CodeSHA256   string // hex, of the zip
	CodeSize     int64
	LastModified time.Time
	RevisionID   string

	State                                                              string // Pending, Active
	StateReason, StateReasonCode                                       string
	LastUpdateStatus, LastUpdateStatusReason, LastUpdateStatusReasonID string
}

// ARN is the unqualified ARN for $LATEST and the qualified one for a published
// version.
func (f *Function) ARN() string {
	arn := FunctionARN(f.Tenant, f.Name)
	if f.Version != LatestVersion {
		arn += ":" + f.Version
	}
	return arn
}

// LogGroup is the function's log group.
func (f *Function) LogGroup() string { return "/aws/lambda/" + f.Name }

// FunctionARN is the unqualified ARN of a function.
func FunctionARN(t Tenant, name string) string {
	return strings.Join([]string{"arn:aws:lambda", string(t.Region), string(t.Account), "function", name}, ":")
}
