// Package lambda is the Lambda API's shapes and its table of operations.
//
// Wire structures enter and leave; each handler turns them into a call of
// radiograph/lambda and back, and does nothing else. What a request asks for and
// this server does not do is refused here, never left out in silence.
package lambda

import (
	"net/http"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/lambda"
)

// api holds what the handlers call.
type api struct {
	functions *lambda.Service
}

const (
	// maxPackageRequest is what the service itself names as the limit of requests
	// that carry a package.
	maxPackageRequest = 70167211
	// maxInvokeRequest lets payloads that are somewhat too large come in, to be
	// refused with the exception of their invocation type.
	maxInvokeRequest = 16 << 20
)

// New is the Lambda service.
func New(s *lambda.Service) awsapi.Service {
	a := &api{functions: s}
	return awsapi.Service{
		Name:     "lambda",
		Title:    "AWS Lambda",
		Version:  "2015-03-31",
		Protocol: awsapi.RestJSON,
		Operations: []awsapi.Operation{
			awsapi.Op("CreateFunction", "POST /2015-03-31/functions", a.createFunction, awsapi.Status(http.StatusCreated), awsapi.MaxBody(maxPackageRequest), resource[createFunctionInput]()),
			awsapi.Op("GetFunction", "GET /2015-03-31/functions/{FunctionName}", a.getFunction, resource[versionInput]()),
			awsapi.Op("GetFunctionConfiguration", "GET /2015-03-31/functions/{FunctionName}/configuration", a.getFunctionConfiguration, resource[versionInput]()),
			awsapi.Op("UpdateFunctionConfiguration", "PUT /2015-03-31/functions/{FunctionName}/configuration", a.updateFunctionConfiguration, resource[updateFunctionConfigurationInput]()),
			awsapi.Op("UpdateFunctionCode", "PUT /2015-03-31/functions/{FunctionName}/code", a.updateFunctionCode, awsapi.MaxBody(maxPackageRequest), resource[updateFunctionCodeInput]()),
			// Recorded: 204, where the public model says 200.
			awsapi.Op("DeleteFunction", "DELETE /2015-03-31/functions/{FunctionName}", a.deleteFunction, awsapi.Status(http.StatusNoContent), resource[versionInput]()),
			awsapi.Op("ListFunctions", "GET /2015-03-31/functions", a.listFunctions),
			awsapi.Op("PublishVersion", "POST /2015-03-31/functions/{FunctionName}/versions", a.publishVersion, awsapi.Status(http.StatusCreated), resource[publishVersionInput]()),
			awsapi.Op("ListVersionsByFunction", "GET /2015-03-31/functions/{FunctionName}/versions", a.listVersionsByFunction, resource[listVersionsInput]()),
			awsapi.Op("Invoke", "POST /2015-03-31/functions/{FunctionName}/invocations", a.invoke, awsapi.Action("lambda:InvokeFunction"), awsapi.MaxBody(maxInvokeRequest), resource[invokeInput]()),
			awsapi.Op("InvokeWithResponseStream", "POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations", a.invokeWithResponseStream, awsapi.Action("lambda:InvokeFunction"), awsapi.MaxBody(maxInvokeRequest), resource[invokeWithResponseStreamInput]()),
			awsapi.Op("CreateAlias", "POST /2015-03-31/functions/{FunctionName}/aliases", a.createAlias, awsapi.Status(http.StatusCreated), resource[createAliasInput]()),
			awsapi.Op("GetAlias", "GET /2015-03-31/functions/{FunctionName}/aliases/{Name}", a.getAlias, resource[aliasInput]()),
			awsapi.Op("UpdateAlias", "PUT /2015-03-31/functions/{FunctionName}/aliases/{Name}", a.updateAlias, resource[updateAliasInput]()),
			awsapi.Op("DeleteAlias", "DELETE /2015-03-31/functions/{FunctionName}/aliases/{Name}", a.deleteAlias, awsapi.Status(http.StatusNoContent), resource[aliasInput]()),
			awsapi.Op("ListAliases", "GET /2015-03-31/functions/{FunctionName}/aliases", a.listAliases, resource[listAliasesInput]()),
			awsapi.Op("AddPermission", "POST /2015-03-31/functions/{FunctionName}/policy", a.addPermission, awsapi.Status(http.StatusCreated), resource[addPermissionInput]()),
			awsapi.Op("RemovePermission", "DELETE /2015-03-31/functions/{FunctionName}/policy/{StatementId}", a.removePermission, awsapi.Status(http.StatusNoContent), resource[removePermissionInput]()),
			awsapi.Op("GetPolicy", "GET /2015-03-31/functions/{FunctionName}/policy", a.getPolicy, resource[versionInput]()),
			awsapi.Op("ListTags", "GET /2017-03-31/tags/{Resource}", a.listTags, resource[listTagsInput]()),
			awsapi.Op("TagResource", "POST /2017-03-31/tags/{Resource}", a.tagResource, awsapi.Status(http.StatusNoContent), resource[tagResourceInput]()),
			awsapi.Op("UntagResource", "DELETE /2017-03-31/tags/{Resource}", a.untagResource, awsapi.Status(http.StatusNoContent), resource[untagResourceInput]()),
			awsapi.Op("PutFunctionConcurrency", "PUT /2017-10-31/functions/{FunctionName}/concurrency", a.putFunctionConcurrency, resource[putFunctionConcurrencyInput]()),
			awsapi.Op("GetFunctionConcurrency", "GET /2019-09-30/functions/{FunctionName}/concurrency", a.getFunctionConcurrency, resource[functionInput]()),
			awsapi.Op("DeleteFunctionConcurrency", "DELETE /2017-10-31/functions/{FunctionName}/concurrency", a.deleteFunctionConcurrency, awsapi.Status(http.StatusNoContent), resource[functionInput]()),
			awsapi.Op("GetAccountSettings", "GET /2016-08-19/account-settings", a.getAccountSettings),
			awsapi.Op("GetFunctionCodeSigningConfig", "GET /2020-06-30/functions/{FunctionName}/code-signing-config", a.getFunctionCodeSigningConfig, resource[getFunctionCodeSigningConfigInput]()),
			awsapi.Op("GetRuntimeManagementConfig", "GET /2021-07-20/functions/{FunctionName}/runtime-management-config", a.getRuntimeManagementConfig, resource[versionInput]()),
			awsapi.Op("GetFunctionRecursionConfig", "GET /2024-08-31/functions/{FunctionName}/recursion-config", a.getFunctionRecursionConfig, resource[functionInput]()),
			awsapi.Op("PutFunctionEventInvokeConfig", "PUT /2019-09-25/functions/{FunctionName}/event-invoke-config", a.putFunctionEventInvokeConfig, resource[eventInvokeInput]()),
			awsapi.Op("UpdateFunctionEventInvokeConfig", "POST /2019-09-25/functions/{FunctionName}/event-invoke-config", a.updateFunctionEventInvokeConfig, resource[eventInvokeInput]()),
			awsapi.Op("GetFunctionEventInvokeConfig", "GET /2019-09-25/functions/{FunctionName}/event-invoke-config", a.getFunctionEventInvokeConfig, resource[versionInput]()),
			awsapi.Op("DeleteFunctionEventInvokeConfig", "DELETE /2019-09-25/functions/{FunctionName}/event-invoke-config", a.deleteFunctionEventInvokeConfig, awsapi.Status(http.StatusNoContent), resource[versionInput]()),
			awsapi.Op("ListFunctionEventInvokeConfigs", "GET /2019-09-25/functions/{FunctionName}/event-invoke-config/list", a.listFunctionEventInvokeConfigs, resource[listEventInvokeInput]()),
			// Ours: where GetFunction's Code.Location leads. The sum is as hard to
			// guess as the signature of the service's own links.
			awsapi.Op("GetFunctionCode", "GET /radiograph/code/{CodeSha256}", a.getFunctionCode, awsapi.WithoutPermission()),
		},
		Modelled: unserved,
		Exceptions: map[radiograph.Kind]awsapi.Exception{
			radiograph.KindInternal:     {Name: "ServiceException", Status: http.StatusInternalServerError},
			radiograph.KindUnavailable:  {Name: "ServiceException", Status: http.StatusInternalServerError},
			radiograph.KindInvalid:      {Name: "InvalidParameterValueException", Status: http.StatusBadRequest},
			radiograph.KindNotFound:     {Name: "ResourceNotFoundException", Status: http.StatusNotFound},
			radiograph.KindConflict:     {Name: "ResourceConflictException", Status: http.StatusConflict},
			radiograph.KindPrecondition: {Name: "PreconditionFailedException", Status: http.StatusPreconditionFailed},
			radiograph.KindThrottled:    {Name: "TooManyRequestsException", Status: http.StatusTooManyRequests},
		},
		Statuses: map[string]int{
			"InvalidRuntimeException":       http.StatusBadGateway,
			"InvalidZipFileException":       http.StatusBadGateway,
			"PolicyLengthExceededException": http.StatusBadRequest,
		},
		Malformed: func(detail string) error {
			return exception(radiograph.KindInvalid, "InvalidRequestContentException", "Could not parse request body into json: %s", detail)
		},
		TypedErrors: true,
	}
}

func exception(kind radiograph.Kind, code, format string, args ...any) error {
	err := radiograph.Errorf(kind, format, args...)
	err.Code = code
	return err
}

// notServed refuses what a request asks for beyond what this server does.
func notServed(what string) error {
	return exception(radiograph.KindInvalid, "InvalidParameterValueException", "radiograph does not serve %s yet.", what)
}

// named is an input about one function.
type named interface {
	functionName() (name, qualifier string)
}

// resource is the ARN that permission is asked for.
func resource[In any]() awsapi.Option {
	return awsapi.Resource(func(r *awsapi.Request, in *In) string {
		name, qualifier := any(in).(named).functionName()
		id, err := parseName(r.Tenant, name, qualifier)
		if err != nil {
			return "*" // the handler refuses the name
		}
		return id.arn(r.Tenant)
	})
}
