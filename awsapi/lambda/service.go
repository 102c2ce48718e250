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
			"InvalidRuntimeException": http.StatusBadGateway,
			"InvalidZipFileException": http.StatusBadGateway,
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
