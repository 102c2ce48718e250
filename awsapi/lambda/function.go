package lambda

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"

	"radiograph"
	"radiograph/awsapi"
)

type functionCode struct {
	ZipFile             []byte
	S3Bucket            string `min:"3" max:"63"`
	S3Key               string `min:"1" max:"1024"`
	S3ObjectVersion     string `min:"1" max:"1024"`
	ImageUri            string
	SourceKMSKeyArn     string `max:"10000"`
	S3ObjectStorageMode string `enum:"COPY,REFERENCE"`
}

// zip is the package in the request; packages elsewhere are not served.
func (c functionCode) zip() ([]byte, error) {
	switch {
	case c.S3Bucket != "" || c.S3Key != "" || c.S3ObjectVersion != "" || c.S3ObjectStorageMode != "":
		return nil, exception(radiograph.KindInvalid, "InvalidParameterValueException", "radiograph does not serve code in S3 yet; send the package as ZipFile.")
	case c.ImageUri != "":
		return nil, notServed("container images (ImageUri)")
	case c.SourceKMSKeyArn != "":
		return nil, notServed("SourceKMSKeyArn")
	case c.ZipFile == nil:
		return nil, exception(radiograph.KindInvalid, "InvalidParameterValueException", "Please provide a source for function code.")
	}
	return c.ZipFile, nil
}

type createFunctionInput struct {
	FunctionName           string `required:"true" min:"1" max:"140"`
	Runtime                *string
	Role                   *string       `required:"true" max:"10000"`
	Handler                *string       `max:"128"`
	Code                   *functionCode `required:"true"`
	Description            *string       `max:"256"`
	Timeout                *int          `min:"1" max:"5400"`
	MemorySize             *int          `min:"128" max:"32768"`
	Publish                bool
	VpcConfig              *vpcConfig
	PackageType            string `enum:"Zip,Image"`
	DeadLetterConfig       *deadLetterConfig
	Environment            *environment
	KMSKeyArn              string `max:"10000"`
	TracingConfig          *tracingConfig
	Tags                   map[string]string
	Layers                 []string           `eachmin:"1" eachmax:"2048"`
	FileSystemConfigs      []fileSystemConfig `max:"1"`
	ImageConfig            *imageConfig
	CodeSigningConfigArn   string   `max:"200"`
	Architectures          []string `min:"1" max:"1"`
	EphemeralStorage       *ephemeralStorage
	SnapStart              *snapStart
	LoggingConfig          *loggingConfig
	CapacityProviderConfig *capacityProviderConfig
	PublishTo              string `enum:"LATEST_PUBLISHED"`
	DurableConfig          *durableConfig
	TenancyConfig          *tenancyConfig
	RuntimeConfig          *runtimeConfig
	AcceleratorConfig      *acceleratorConfig
}

func (in *createFunctionInput) functionName() (string, string) { return in.FunctionName, "" }

func (a *api) createFunction(ctx context.Context, r *awsapi.Request, in *createFunctionInput) (*functionConfiguration, error) {
	id, err := findLatest(r.Tenant, in.FunctionName, "CreateFunction")
	if err != nil {
		return nil, err
	}
	unserved := extras{
		vpc: in.VpcConfig, deadLetter: in.DeadLetterConfig, kmsKey: in.KMSKeyArn, fileSystems: in.FileSystemConfigs, image: in.ImageConfig,
		signing: in.CodeSigningConfigArn, snapStart: in.SnapStart, logging: in.LoggingConfig, capacity: in.CapacityProviderConfig,
		durable: in.DurableConfig, tenancy: in.TenancyConfig, publishTo: in.PublishTo,
		runtime: in.RuntimeConfig, accelerator: in.AcceleratorConfig,
	}
	if err := unserved.refuse(id.name); err != nil {
		return nil, err
	}
	zip, err := in.Code.zip()
	if err != nil {
		return nil, err
	}
	f := &radiograph.Function{Tenant: r.Tenant, Name: id.name, PackageType: in.PackageType, Tags: in.Tags}
	settings{
		role: in.Role, runtime: in.Runtime, handler: in.Handler, description: in.Description, timeout: in.Timeout, memorySize: in.MemorySize,
		tracing: in.TracingConfig, environment: in.Environment, layers: in.Layers, ephemeral: in.EphemeralStorage,
	}.apply(f)
	if len(in.Architectures) > 0 {
		f.Architecture = in.Architectures[0]
	}
	f, err = a.functions.CreateFunction(ctx, f, zip, in.Publish)
	if err != nil {
		return nil, err
	}
	return configuration(f), nil
}

// versionInput names a function or one of its versions.
type versionInput struct {
	FunctionName string `path:"FunctionName" required:"true" min:"1" max:"256"`
	Qualifier    string `query:"Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
}

func (in *versionInput) functionName() (string, string) { return in.FunctionName, in.Qualifier }

func (a *api) function(ctx context.Context, r *awsapi.Request, in *versionInput) (*radiograph.Function, error) {
	id, err := find(r.Tenant, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return a.functions.Function(ctx, r.Tenant, id.name, id.qualifier)
}

// configurationOf is a version's configuration under the ARN by which it was
// asked for: an alias's, $LATEST's.
func configurationOf(r *awsapi.Request, in *versionInput, f *radiograph.Function) *functionConfiguration {
	c := configuration(f)
	if id, err := find(r.Tenant, in.FunctionName, in.Qualifier); err == nil && id.qualifier != "" {
		c.FunctionArn = id.arn(r.Tenant)
	}
	return c
}

type getFunctionOutput struct {
	Configuration *functionConfiguration
	Code          functionCodeLocation
	Tags          map[string]string `omit:"empty"`
	Concurrency   *concurrency
}

type functionCodeLocation struct {
	RepositoryType string
	Location       string
}

func (a *api) getFunction(ctx context.Context, r *awsapi.Request, in *versionInput) (*getFunctionOutput, error) {
	f, err := a.function(ctx, r, in)
	if err != nil {
		return nil, err
	}
	out := &getFunctionOutput{
		Configuration: configurationOf(r, in, f),
		Code:          functionCodeLocation{RepositoryType: "S3", Location: "http://" + r.Host + "/radiograph/code/" + f.CodeSHA256},
		Tags:          f.Tags,
	}
	reserved, err := a.functions.ReservedConcurrency(ctx, r.Tenant, f.Name)
	if err != nil {
		return nil, err
	}
	if reserved != nil {
		out.Concurrency = &concurrency{ReservedConcurrentExecutions: reserved}
	}
	return out, nil
}

func (a *api) getFunctionConfiguration(ctx context.Context, r *awsapi.Request, in *versionInput) (*functionConfiguration, error) {
	f, err := a.function(ctx, r, in)
	if err != nil {
		return nil, err
	}
	return configurationOf(r, in, f), nil
}

type deleteFunctionOutput struct {
	StatusCode int `status:""`
}

func (a *api) deleteFunction(ctx context.Context, r *awsapi.Request, in *versionInput) (*deleteFunctionOutput, error) {
	id, err := find(r.Tenant, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := a.functions.DeleteFunction(ctx, r.Tenant, id.name, id.qualifier); err != nil {
		return nil, err
	}
	return &deleteFunctionOutput{StatusCode: http.StatusNoContent}, nil
}

type getFunctionCodeInput struct {
	CodeSha256 string `path:"CodeSha256" required:"true" pattern:"[0-9a-f]{64}"`
}

type getFunctionCodeOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte `payload:""`
}

// getFunctionCode answers a deployment package, as CreateFunction got it.
func (a *api) getFunctionCode(ctx context.Context, _ *awsapi.Request, in *getFunctionCodeInput) (*getFunctionCodeOutput, error) {
	missing := exception(radiograph.KindNotFound, "ResourceNotFoundException", "There is no code with the sum %s.", in.CodeSha256)
	path, err := a.functions.CodePath(ctx, in.CodeSha256)
	if radiograph.ErrorKind(err) == radiograph.KindNotFound && err != nil {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	body, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	return &getFunctionCodeOutput{ContentType: "application/zip", Body: body}, nil
}
