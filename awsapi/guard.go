package awsapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard keeps web pages out. A page in the user's browser can send requests to
// this machine: across sites (the Origin and Sec-Fetch-Site headers tell), or as
// its own site after its name was made to resolve to this machine (the Host tells).
// Neither can be told from the user's own programs otherwise, since nothing is
// verified.
type guard struct {
	hosts map[string]bool
	cross *http.CrossOriginProtection
}

func newGuard(hosts []string) *guard {
	g := &guard{hosts: make(map[string]bool, len(hosts)), cross: http.NewCrossOriginProtection()}
	for _, h := range hosts {
		g.hosts[strings.ToLower(h)] = true
	}
	return g
}

// refuse says why the request is refused, or "". A request signed in its header
// need not name a known host, since programs may reach this server by any name;
// but when it has marks of a browser it is looked at like any other.
func (g *guard) refuse(r *http.Request, signed bool) string {
	if signed && !fromBrowser(r) {
		return ""
	}
	if !g.knownHost(r.Host) {
		return "the host " + shorten(r.Host) + " is not one of this server; sign the request, use a loopback address, or name the host when starting radiograph"
	}
	if err := g.cross.Check(r); err != nil {
		return "it comes from another site"
	}
	// Check lets safe methods pass; no operation needs to be read by other sites.
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return "it comes from another site"
	}
	return ""
}

// fromBrowser looks for headers that browsers always send and pages cannot take
// away. AWS SDKs and the CLI send none of them.
func fromBrowser(r *http.Request) bool {
	for _, h := range []string{"Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Accept-Language"} {
		if r.Header.Get(h) != "" {
			return true
		}
	}
	return false
}

// knownHost accepts loopback names, addresses (a page cannot have an address it
// does not own for its origin), and the names given at start.
func (g *guard) knownHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") || g.hosts[host] {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
