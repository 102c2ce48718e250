package awsapi

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"

	"radiograph"
)

// forwardedMark is on every request that went through a fallback once, so that
// two servers that fall back on each other do not play for ever.
const forwardedMark = "X-Radiograph-Forwarded"

// newFallback sends requests on as they came: path, headers, Host and signature,
// which stays valid since the Host is signed too. Bodies stream both ways.
func newFallback(to *url.URL, log *slog.Logger) *httputil.ReverseProxy {
	fail := func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		scope, _, _ := ParseScope(r.Header, query)
		id := radiograph.NewUUID()
		form := formFor(r, scope.Service, query, id)
		a, _ := form.answer(radiograph.Errorf(radiograph.KindUnavailable,
			"radiograph does not serve this itself, and the fallback endpoint %s does not answer", to))
		a.header.Set("X-Amzn-Requestid", id)
		a.write(w, r)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil               // the endpoint is a local one
	transport.DisableCompression = true // an answer leaves as it came
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Host = p.In.Host
			if from, ok := p.In.Header["X-Forwarded-For"]; ok {
				p.Out.Header["X-Forwarded-For"] = from
			}
			p.Out.Header.Set(forwardedMark, "1")
		},
		FlushInterval: -1,
		Transport:     transport,
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.Warn("fallback endpoint does not answer", "endpoint", to.String(), "err", err)
			fail(w, r)
		},
	}
}
