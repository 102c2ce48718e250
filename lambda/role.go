package lambda

import (
	"context"

	"radiograph"
)

// The principal that runs functions, and the action a traced function's role
// must allow. Lacking xray:PutTelemetryRecords is no refusal: such a role loses
// only telemetry.
const (
	lambdaPrincipal  = "lambda.amazonaws.com"
	putTraceSegments = "xray:PutTraceSegments"
)

// checkRole refuses a role that Lambda cannot assume and, for active tracing,
// one that may not send segments.
func (s *Service) checkRole(ctx context.Context, f *radiograph.Function) error {
	ok, err := s.cfg.Roles.Assumable(ctx, f.Tenant.Account, f.Role, lambdaPrincipal)
	if err != nil {
		return err
	}
	if !ok {
		return invalidParameter("The role defined for the function cannot be assumed by Lambda.")
	}
	if f.Tracing != radiograph.TracingActive {
		return nil
	}
	ok, err = s.cfg.Roles.Allowed(ctx, f.Role, putTraceSegments, "*")
	if err != nil {
		return err
	}
	if !ok {
		return invalidParameter("The provided execution role does not have permissions to call PutTraceSegments on XRAY")
	}
	return nil
}
