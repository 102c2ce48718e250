package otlp

import (
	"strconv"
	"strings"
)

// Values of cloud.platform.
const (
	platformEC2       = "aws_ec2"
	platformECS       = "aws_ecs"
	platformEKS       = "aws_eks"
	platformBeanstalk = "aws_elastic_beanstalk"
	platformAppRunner = "aws_app_runner"
	platformLambda    = "aws_lambda"
)

// resource is what all spans of one process share.
type resource struct {
	attributes
	service  string
	platform string // cloud.platform
	origin   string // the segment's node type
	aws      bool   // it may run on AWS: no other provider is named
}

func newResource(a attributes) *resource {
	r := &resource{attributes: a, service: a.get("service.name"), platform: a.get("cloud.platform")}
	provider := a.get("cloud.provider")
	if r.aws = provider == "" || provider == "aws"; r.aws {
		r.origin = r.nodeType()
	}
	return r
}

// nodeType tells the most specific type that the resource says.
func (r *resource) nodeType() string {
	switch r.platform {
	case platformLambda:
		return "AWS::Lambda::Function"
	case platformAppRunner:
		return "AWS::AppRunner::Service"
	case platformEKS:
		return "AWS::EKS::Container"
	case platformBeanstalk:
		return "AWS::ElasticBeanstalk::Environment"
	case platformEC2:
		return "AWS::EC2::Instance"
	case platformECS:
		switch strings.ToLower(r.get("aws.ecs.launchtype")) {
		case "ec2":
			return "AWS::ECS::EC2"
		case "fargate":
			return "AWS::ECS::Fargate"
		}
		return "AWS::ECS::Container"
	}
	return ""
}

// block writes the members of a segment's aws block.
func (r *resource) block(w *writer) {
	if !r.aws {
		return
	}
	w.text("account_id", r.get("cloud.account.id"))
	zone := r.get("cloud.availability_zone")
	if host := r.get("host.id"); r.platform == platformEC2 || host != "" && r.platform == "" {
		w.member("ec2", func() {
			w.text("instance_id", host)
			w.text("availability_zone", zone)
			w.text("instance_size", r.get("host.type"))
			w.text("ami_id", r.get("host.image.id"))
		})
	}
	if r.platform == platformECS {
		w.member("ecs", func() {
			w.text("container", r.get("container.name"))
			w.text("container_id", r.get("container.id"))
			w.text("availability_zone", zone)
			w.text("container_arn", r.get("aws.ecs.container.arn"))
			w.text("cluster_arn", r.get("aws.ecs.cluster.arn"))
			w.text("task_arn", r.get("aws.ecs.task.arn"))
			w.text("task_family", r.get("aws.ecs.task.family"))
			w.text("launch_type", r.get("aws.ecs.launchtype"))
		})
	}
	if cluster := r.get("k8s.cluster.name"); r.platform == platformEKS || cluster != "" {
		w.member("eks", func() {
			w.text("cluster_name", cluster)
			w.text("pod", r.get("k8s.pod.name"))
			w.text("container_id", r.get("container.id"))
		})
	}
	if r.platform == platformBeanstalk {
		w.member("elastic_beanstalk", func() {
			w.text("environment", r.get("service.namespace"))
			w.text("version_label", r.get("service.version"))
			if n, err := strconv.ParseInt(r.get("service.instance.id"), 10, 64); err == nil {
				w.int("deployment_id", n)
			}
		})
	}
	w.list("cloudwatch_logs", func() { r.logGroups(w) })
	sdk := r.get("telemetry.sdk.name")
	if language := r.get("telemetry.sdk.language"); sdk != "" && language != "" {
		sdk += " for " + language
	}
	w.member("xray", func() {
		w.text("sdk", sdk)
		w.text("sdk_version", r.get("telemetry.sdk.version"))
		w.yes("auto_instrumentation", r.get("telemetry.auto.version", "telemetry.distro.name") != "")
	})
}

// logGroups writes the log groups, by ARN when the resource has them. As text,
// several are joined by &.
func (r *resource) logGroups(w *writer) {
	groups := func(key string) (list []string) {
		if v := r.find(key); v != nil {
			for _, s := range v.strings() {
				for name := range strings.SplitSeq(s, "&") {
					if name != "" {
						list = append(list, name)
					}
				}
			}
		}
		return list
	}
	arns := groups("aws.log.group.arns")
	for _, arn := range arns {
		w.element(func() {
			if parts := strings.Split(arn, ":"); len(parts) >= 7 {
				w.text("log_group", parts[6])
			}
			w.text("arn", arn)
		})
	}
	if len(arns) > 0 {
		return
	}
	for _, name := range groups("aws.log.group.names") {
		w.element(func() { w.text("log_group", name) })
	}
}
