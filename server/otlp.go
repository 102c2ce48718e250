package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"syscall"

	"radiograph/awsapi"
	"radiograph/otlp"
)

// Off as an address starts a door of OTLP not at all.
const Off = "off"

// putSpans is what a role must be allowed whose keys sign OTLP's requests.
const putSpans = "xray:PutTraceSegments"

// serveOTLP answers OTLP's requests on the ports of their own that OpenTelemetry's
// exporters use unasked, and returns what also answers them on the main port.
// When another collector has a port that may be missing, the main port must do.
func (s *Server) serveOTLP(ctx context.Context, spans *otlp.Receiver, api *awsapi.Server) (http.Handler, error) {
	overHTTP := api.Admit(putSpans, func(c awsapi.Caller) http.Handler { return spans.HTTP(c.Tenant) })
	overGRPC := api.Admit(putSpans, func(c awsapi.Caller) http.Handler { return spans.GRPC(c.Tenant) })
	for _, door := range []struct {
		what, address string
		handler       http.Handler
		optional      bool
		http2         bool
		reached       *string
	}{
		{"OTLP over HTTP", s.cfg.OTLPHTTP, overHTTP, s.cfg.OTLPHTTPOptional, false, &s.otlpHTTP},
		{"OTLP over gRPC", s.cfg.OTLPGRPC, overGRPC, s.cfg.OTLPGRPCOptional, true, &s.otlpGRPC},
	} {
		if door.address == Off {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", door.address)
		if err != nil {
			if door.optional && errors.Is(err, syscall.EADDRINUSE) {
				s.cfg.Log.Warn("an address is taken; OTLP over HTTP also comes to the main port",
					"wanted_for", door.what, "address", door.address, "instead", s.endpoint+otlp.Path)
				continue
			}
			return nil, listenError(door.what, door.address, err)
		}
		s.onClose(door.what, func() error { return ignoreClosed(l.Close()) })
		*door.reached = reachable(l.Addr())
		s.serve(l, door.handler, door.http2)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if otlp.IsPath(r.URL.Path) {
			overHTTP.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	}), nil
}
