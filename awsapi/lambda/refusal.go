package lambda

import "radiograph"

// The members below are read only to be refused: a function that seems to have
// them and does not would be a riddle. Values that ask for what every function
// has anyway pass.

type vpcConfig struct {
	SubnetIds               []string `max:"16" eachmin:"0" eachmax:"1024"`
	SecurityGroupIds        []string `max:"5" eachmin:"0" eachmax:"1024"`
	Ipv6AllowedForDualStack *bool
}

type deadLetterConfig struct {
	TargetArn string `max:"10000"`
}

type snapStart struct {
	ApplyOn string `enum:"PublishedVersions,None"`
}

type fileSystemConfig struct {
	Arn            string `required:"true" max:"256"`
	LocalMountPath string `required:"true" max:"160" pattern:"/mnt/[a-zA-Z0-9-_.]+"`
	S3FilesConfig  *s3FilesConfig
}

type s3FilesConfig struct {
	DirectS3Read string `enum:"ENABLED,DISABLED,AUTO"`
}

type imageConfig struct {
	EntryPoint       []string `max:"1500"`
	Command          []string `max:"1500"`
	WorkingDirectory string   `max:"1000"`
}

type capacityProviderConfig struct {
	LambdaManagedInstancesCapacityProviderConfig *managedInstances `required:"true"`
}

type managedInstances struct {
	CapacityProviderArn                   string   `required:"true" min:"1" max:"140"`
	PerExecutionEnvironmentMaxConcurrency *int     `min:"1" max:"1600"`
	ExecutionEnvironmentMemoryGiBPerVCpu  *float64 `min:"2" max:"8"`
}

type durableConfig struct {
	KMSKeyArn             string `max:"10000"`
	RetentionPeriodInDays *int   `min:"1" max:"90"`
	ExecutionTimeout      *int   `min:"1" max:"31622400"`
}

type tenancyConfig struct {
	TenantIsolationMode string `required:"true" enum:"PER_TENANT"`
}

type runtimeConfig struct {
	RuntimeArn   string `required:"true" min:"48" max:"2048"`
	RuntimeAlias string `required:"true" min:"1" max:"128"`
}

type acceleratorConfig struct {
	AcceleratorMemorySize *int `required:"true"`
}

// extras are the settings that are not served.
type extras struct {
	vpc         *vpcConfig
	deadLetter  *deadLetterConfig
	kmsKey      string
	fileSystems []fileSystemConfig
	image       *imageConfig
	signing     string
	snapStart   *snapStart
	logging     *loggingConfig
	capacity    *capacityProviderConfig
	durable     *durableConfig
	tenancy     *tenancyConfig
	publishTo   string
	runtime     *runtimeConfig
	accelerator *acceleratorConfig
}

// refuse names the first member that asks for something not served. name is the
// function's.
func (x extras) refuse(name string) error {
	standard := (&radiograph.Function{Name: name}).LogGroup()
	for _, member := range []struct {
		asked bool
		what  string
	}{
		{x.vpc != nil && len(x.vpc.SubnetIds)+len(x.vpc.SecurityGroupIds) > 0, "VpcConfig"},
		{x.deadLetter != nil && x.deadLetter.TargetArn != "", "DeadLetterConfig"},
		{x.kmsKey != "", "KMSKeyArn"},
		{len(x.fileSystems) > 0, "FileSystemConfigs"},
		{x.image != nil && len(x.image.EntryPoint)+len(x.image.Command)+len(x.image.WorkingDirectory) > 0, "ImageConfig"},
		{x.signing != "", "CodeSigningConfigArn"},
		{x.snapStart != nil && x.snapStart.ApplyOn == "PublishedVersions", "SnapStart"},
		{x.logging != nil && x.logging.LogFormat == "JSON", "LoggingConfig with LogFormat JSON"},
		{x.logging != nil && x.logging.LogGroup != "" && x.logging.LogGroup != standard, "LoggingConfig with a LogGroup of another name"},
		{x.capacity != nil, "CapacityProviderConfig"},
		{x.durable != nil, "DurableConfig"},
		{x.tenancy != nil, "TenancyConfig"},
		{x.publishTo != "", "PublishTo"},
		{x.runtime != nil, "RuntimeConfig"},
		{x.accelerator != nil, "AcceleratorConfig"},
	} {
		if member.asked {
			return notServed(member.what)
		}
	}
	return nil
}
