package otlp

import (
	"net/url"
	"strings"
	"unicode"

	"radiograph"
)

// maxName is the limit of a segment's name, in characters (segment document
// schema).
const maxName = 200

// serviceName names a segment: for the service, not for what it did.
func (m *mapper) serviceName() string {
	if name := m.span.attributes.get("aws.local.service"); name != "" {
		return name
	}
	if m.resource.service != "" {
		return m.resource.service
	}
	return m.span.name
}

// spanName names a subsegment: a call for whom it calls, other work for itself.
func (m *mapper) spanName() string {
	a := m.span.attributes
	if m.call() || m.span.kind == kindConsumer {
		if name := a.get("aws.remote.service"); name != "" {
			if m.awsCall() { // ADOT writes AWS::DynamoDB, older ones AWS.SDK.DynamoDB
				name = strings.TrimPrefix(strings.TrimPrefix(name, "AWS.SDK."), "AWS::")
			}
			return name
		}
	}
	if name := a.get("peer.service", "service.peer.name"); name != "" {
		return name
	}
	if m.awsCall() {
		if name := a.get("aws.service", "rpc.service"); name != "" {
			return name
		}
		if service, _, ok := strings.Cut(a.get("rpc.method"), "/"); ok && service != "" {
			return service
		}
	}
	if !m.call() {
		return m.span.name
	}
	if name := m.databaseName(); name != "" {
		return name
	}
	if name := a.get("rpc.service"); name != "" {
		return name
	}
	if a.get("rpc.system.name") != "" {
		if service, _, ok := strings.Cut(a.get("rpc.method"), "/"); ok && service != "" {
			return service
		}
	}
	if name := a.get("http.host", "server.address", "net.peer.name"); name != "" && a.get("messaging.system") == "" {
		return name
	}
	if u, err := url.Parse(a.get("url.full", "http.url")); err == nil && u.Host != "" {
		return u.Hostname()
	}
	if name := a.get("messaging.destination.name", "messaging.destination"); name != "" {
		return name
	}
	return m.span.name
}

// databaseName is name@host of the database a span calls, or "".
func (m *mapper) databaseName() string {
	a := m.span.attributes
	name := a.get("db.namespace", "db.name")
	if name == "" {
		name = a.get("db.system.name", "db.system")
	}
	if name == "" {
		return ""
	}
	host := a.get("server.address", "net.peer.name")
	if s := a.get("db.connection_string"); s != "" {
		if u, err := url.Parse(strings.TrimPrefix(s, "jdbc:")); err == nil && u.Hostname() != "" {
			host = u.Hostname()
		}
	}
	if host != "" {
		name += "@" + host
	}
	return name
}

// namespace says whether X-Ray infers a node for the call.
func (m *mapper) namespace() string {
	a := m.span.attributes
	switch {
	case m.awsCall(), a.get("aws.service") != "":
		return "aws"
	case m.call(), m.span.kind == kindConsumer && a.get("aws.remote.service") != "":
		return "remote"
	}
	return ""
}

// cleanName drops what names of segments cannot have.
func cleanName(name string) string {
	name = strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsNumber(c) || unicode.Is(unicode.Z, c) || strings.ContainsRune(`_.:/%&#=+\-@`, c) {
			return c
		}
		return -1
	}, name)
	if name = radiograph.Clip(strings.TrimSpace(name), maxName); name == "" {
		return "span"
	}
	return name
}
