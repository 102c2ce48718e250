package awsapi

import (
	"net/http"

	"radiograph"
)

// Caller is whose data a request is about, and by what right.
type Caller struct {
	Tenant      radiograph.Tenant
	AccessKeyID string              // as the request names it; "" when unsigned
	Session     *radiograph.Session // the role session that signed; nil for all other keys
}

// Request is what a handler may know besides its input.
type Request struct {
	Caller
	ID        string // the request id of the answer
	Service   string // signing name
	Operation string
	Header    http.Header // of the request; not to be changed
	Host      string      // the Host the client used, for answers that hold an address
}
