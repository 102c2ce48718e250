package lambda

import "radiograph"

// The members below are read only to be refused: a function that seems to have
// them and does not would be a riddle. Values that ask for what every function
// has anyway pass.

type vpcConfig struct {
	SubnetIds               []string `max:"16"`
	SecurityGroupIds        []string `max:"5"`
	Ipv6AllowedForDualStack *bool
}

type deadLetterConfig struct {
	TargetArn string
}

type snapStart struct {
	ApplyOn string `enum:"PublishedVersions,None"`
}

type fileSystemConfig struct {
	Arn            string `required:"true" max:"200"`
	LocalMountPath string `required:"true" max:"160" pattern:"/mnt/[a-zA-Z0-9-_.]+"`
}

type imageConfig struct {
	EntryPoint       []string `max:"1500"`
	Command          []string `max:"1500"`
	WorkingDirectory string   `max:"1000"`
}

type capacityProviderConfig struct {
	LambdaManagedInstancesCapacityProviderConfig *struct{}
}

type durableConfig struct {
	RetentionPeriodInDays *int `min:"1" max:"90"`
	ExecutionTimeout      *int `min:"1" max:"31622400"`
}

type tenancyConfig struct {
	TenantIsolationMode string `required:"true" enum:"PER_TENANT"`
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
	} {
		if member.asked {
			return notServed(member.what)
		}
	}
	return nil
}
