package otlp

import (
	"net"
	"strconv"
	"strings"
)

// httpBlock writes the http block by the older and the newer conventions.
func (m *mapper) httpBlock() {
	a := m.span.attributes
	method := m.take("http.request.method", "http.method")
	address := m.url()
	if method == "" && m.status == 0 && address == "" {
		return
	}
	server := m.span.kind == kindServer
	m.w.member("request", func() {
		m.w.text("method", method)
		m.w.text("url", address)
		m.w.text("user_agent", m.take("user_agent.original", "http.user_agent"))
		if !server {
			return
		}
		// Who asked stands before who sent the packet, which may be a proxy.
		peer := a.get("network.peer.address", "net.sock.peer.addr", "net.peer.ip")
		if client := m.take("http.client_ip", "client.address"); client != "" {
			m.w.text("client_ip", client)
			m.w.yes("x_forwarded_for", a.get("http.client_ip") != "" || peer != "" && peer != client)
		} else {
			m.w.text("client_ip", peer)
		}
	})
	m.w.member("response", func() {
		if m.status != 0 {
			m.w.int("status", m.status)
		}
		if n := m.number("http.response.body.size", "http.response_content_length", "http.response.header.content-length"); n != 0 {
			m.w.int("content_length", n)
		}
	})
}

// url is the whole URL when an attribute has it, else what its parts make.
func (m *mapper) url() string {
	if whole := m.take("url.full", "http.url"); whole != "" {
		return whole
	}
	a := m.span.attributes
	path := a.get("url.path", "http.target")
	if path == "" && a.get("http.host") == "" || a.get("http.request.method", "http.method") == "" {
		return ""
	}
	scheme := a.get("url.scheme", "http.scheme")
	if scheme == "" {
		scheme = "http"
	}
	host := a.get("http.host")
	if host == "" {
		var port string
		if m.span.kind == kindServer {
			host, port = a.get("server.address", "http.server_name", "net.host.name", "host.name"), a.get("server.port", "net.host.port")
		} else {
			host, port = a.get("server.address", "net.peer.name", "net.peer.ip"), a.get("server.port", "net.peer.port")
		}
		// Some instrumentations write the port into the address as well.
		if host != "" && port != "" && !strings.HasSuffix(host, ":"+port) && !(scheme == "http" && port == "80") && !(scheme == "https" && port == "443") {
			host = net.JoinHostPort(host, port)
		}
	}
	if path == "" {
		path = "/"
	}
	if query := a.get("url.query"); query != "" {
		path += "?" + query
	}
	m.take("url.path", "http.target")
	m.take("url.query")
	m.take("url.scheme", "http.scheme")
	m.take("http.host")
	if host == "" {
		return path
	}
	return scheme + "://" + host + path
}

// awsBlock writes what an AWS SDK's span says of its call.
func (m *mapper) awsBlock() {
	w := &m.w
	method := m.take("aws.operation", "rpc.method")
	w.text("operation", method[strings.LastIndexByte(method, '/')+1:])
	w.text("region", m.take("aws.region", "cloud.region"))
	w.text("account_id", m.take("aws.account_id"))
	w.text("request_id", m.take("aws.request_id", "aws.requestId"))
	w.text("queue_url", m.take("messaging.url", "aws.sqs.queue.url", "aws.queue_url", "aws.queue.url"))
	switch tables := m.tables(); {
	case len(tables) == 1:
		w.text("table_name", tables[0])
	default:
		w.texts("table_names", tables)
	}
	w.text("topic_arn", m.take("aws.sns.topic.arn", "aws.topic_arn"))
	w.text("bucket_name", m.take("aws.s3.bucket", "aws.bucket_name"))
	w.text("function_name", m.take("faas.invoked_name", "aws.lambda.function.name"))
}

// tables are the DynamoDB tables of a call.
func (m *mapper) tables() (names []string) {
	for _, k := range []string{"aws.dynamodb.table_names", "aws.table_name", "aws.table.name"} {
		i := m.span.attributes.index(k)
		if i < 0 {
			continue
		}
		if found := m.span.attributes[i].value.strings(); len(found) > 0 {
			m.used[i] = true
			if names == nil {
				names = found
			}
		}
	}
	return names
}

// sqlSystems are the values of db.system and db.system.name whose databases
// speak SQL. X-Ray has no block for others.
var sqlSystems = map[string]bool{
	"other_sql": true, "db2": true, "ibm.db2": true, "derby": true, "hive": true, "mariadb": true, "mysql": true,
	"mssql": true, "microsoft.sql_server": true, "oracle": true, "oracle.db": true, "postgresql": true,
	"sqlite": true, "teradata": true, "cockroachdb": true, "h2": true, "hsqldb": true, "redshift": true,
	"aws.redshift": true, "snowflake": true, "trino": true, "vertica": true, "firebirdsql": true, "clickhouse": true,
}

// sqlBlock writes the sql block. As in the public translator its url is the
// span's name, since the connection string stands beside it.
func (m *mapper) sqlBlock() {
	a := m.span.attributes
	system := a.get("db.system.name", "db.system")
	if !sqlSystems[system] {
		return
	}
	w := &m.w
	w.text("url", m.span.name)
	connection := m.take("db.connection_string")
	if connection == "" {
		connection = "localhost"
		if host := a.get("server.address", "net.peer.name", "net.peer.ip"); host != "" {
			connection = host
			if port := a.get("server.port", "net.peer.port"); port != "" {
				connection = net.JoinHostPort(host, port)
			}
		}
	}
	w.text("connection_string", connection+"/"+m.take("db.namespace", "db.name"))
	m.take("db.system.name", "db.system")
	w.text("database_type", system)
	w.text("user", m.take("db.user"))
	w.text("sanitized_query", m.take("db.query.text", "db.statement"))
}

// number is the first of some span attributes that is a whole number, also as
// text; it has a member of its own.
func (m *mapper) number(keys ...string) (n int64) {
	for _, k := range keys {
		i := m.span.attributes.index(k)
		if i < 0 {
			continue
		}
		if v, err := strconv.ParseInt(m.span.attributes[i].value.string(), 10, 64); err == nil {
			m.used[i] = true
			if n == 0 {
				n = v
			}
		}
	}
	return n
}
