package lambda

import (
	"context"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/lambda"
)

type updateFunctionConfigurationInput struct {
	FunctionName           string  `path:"FunctionName" required:"true" min:"1" max:"140"`
	Role                   *string `max:"10000"`
	Handler                *string `max:"128"`
	Description            *string `max:"256"`
	Timeout                *int    `min:"1" max:"5400"`
	MemorySize             *int    `min:"128" max:"32768"`
	VpcConfig              *vpcConfig
	Environment            *environment
	Runtime                *string
	DeadLetterConfig       *deadLetterConfig
	KMSKeyArn              string `max:"10000"`
	TracingConfig          *tracingConfig
	RevisionId             string
	Layers                 []string           `eachmin:"1" eachmax:"2048"`
	FileSystemConfigs      []fileSystemConfig `max:"1"`
	ImageConfig            *imageConfig
	EphemeralStorage       *ephemeralStorage
	SnapStart              *snapStart
	LoggingConfig          *loggingConfig
	CapacityProviderConfig *capacityProviderConfig
	DurableConfig          *durableConfig
	RuntimeConfig          *runtimeConfig
	AcceleratorConfig      *acceleratorConfig
}

func (in *updateFunctionConfigurationInput) functionName() (string, string) {
	return in.FunctionName, ""
}

func (a *api) updateFunctionConfiguration(ctx context.Context, r *awsapi.Request, in *updateFunctionConfigurationInput) (*functionConfiguration, error) {
	id, err := findLatest(r.Tenant, in.FunctionName, "UpdateFunctionConfiguration")
	if err != nil {
		return nil, err
	}
	unserved := extras{
		vpc: in.VpcConfig, deadLetter: in.DeadLetterConfig, kmsKey: in.KMSKeyArn, fileSystems: in.FileSystemConfigs, image: in.ImageConfig,
		snapStart: in.SnapStart, logging: in.LoggingConfig, capacity: in.CapacityProviderConfig, durable: in.DurableConfig,
		runtime: in.RuntimeConfig, accelerator: in.AcceleratorConfig,
	}
	if err := unserved.refuse(id.name); err != nil {
		return nil, err
	}
	change := settings{
		role: in.Role, runtime: in.Runtime, handler: in.Handler, description: in.Description, timeout: in.Timeout, memorySize: in.MemorySize,
		tracing: in.TracingConfig, environment: in.Environment, layers: in.Layers, ephemeral: in.EphemeralStorage,
	}
	f, err := a.functions.UpdateConfiguration(ctx, r.Tenant, id.name, func(f *radiograph.Function) error {
		change.apply(f)
		return nil
	}, in.RevisionId)
	if err != nil {
		return nil, err
	}
	return configuration(f), nil
}

type updateFunctionCodeInput struct {
	FunctionName        string `path:"FunctionName" required:"true" min:"1" max:"140"`
	ZipFile             []byte
	S3Bucket            string `min:"3" max:"63"`
	S3Key               string `min:"1" max:"1024"`
	S3ObjectVersion     string `min:"1" max:"1024"`
	ImageUri            string
	Publish             bool
	DryRun              bool
	RevisionId          string
	Architectures       []string `min:"1" max:"1"`
	SourceKMSKeyArn     string   `max:"10000"`
	S3ObjectStorageMode string   `enum:"COPY,REFERENCE"`
	PublishTo           string   `enum:"LATEST_PUBLISHED"`
}

func (in *updateFunctionCodeInput) functionName() (string, string) { return in.FunctionName, "" }

func (a *api) updateFunctionCode(ctx context.Context, r *awsapi.Request, in *updateFunctionCodeInput) (*functionConfiguration, error) {
	id, err := findLatest(r.Tenant, in.FunctionName, "UpdateFunctionCode")
	if err != nil {
		return nil, err
	}
	if err := (extras{publishTo: in.PublishTo}).refuse(id.name); err != nil {
		return nil, err
	}
	zip, err := functionCode{
		ZipFile: in.ZipFile, S3Bucket: in.S3Bucket, S3Key: in.S3Key, S3ObjectVersion: in.S3ObjectVersion, ImageUri: in.ImageUri, SourceKMSKeyArn: in.SourceKMSKeyArn, S3ObjectStorageMode: in.S3ObjectStorageMode,
	}.zip()
	if err != nil {
		return nil, err
	}
	update := lambda.CodeUpdate{Zip: zip, Publish: in.Publish, DryRun: in.DryRun, RevisionID: in.RevisionId}
	if len(in.Architectures) > 0 {
		update.Architecture = in.Architectures[0]
	}
	f, err := a.functions.ReplaceCode(ctx, r.Tenant, id.name, update)
	if err != nil {
		return nil, err
	}
	return configuration(f), nil
}
