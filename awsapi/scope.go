package awsapi

import (
	"net/http"
	"net/url"
	"strings"

	"radiograph"
)

// Scope is what a signature says about a request, read without verifying it.
type Scope struct {
	AccessKeyID string
	Region      radiograph.Region // "" when the signature has none (SigV4a, SigV2)
	Service     string            // signing name
	Presigned   bool              // the signature is in the query string
}

// maxScopePart bounds a part of a scope: AWS access keys have 16 to 128
// characters.
const maxScopePart = 128

// ParseScope reads the credential scope of a SigV4, SigV4a or SigV2 signature
// from the Authorization header, else from the query string. signed is false for
// requests without an AWS signature; an error means that there is one and it
// cannot be read.
func ParseScope(header http.Header, query url.Values) (scope Scope, signed bool, err error) {
	auth := strings.TrimSpace(header.Get("Authorization"))
	algorithm, rest, _ := strings.Cut(auth, " ")
	switch {
	case algorithm == "AWS4-HMAC-SHA256", algorithm == "AWS4-ECDSA-P256-SHA256":
		for part := range strings.SplitSeq(rest, ",") {
			if key, value, ok := strings.Cut(strings.TrimSpace(part), "="); ok && key == "Credential" {
				scope, err = parseCredential(value, algorithm)
				return scope, true, err
			}
		}
		return Scope{}, true, incompleteSignature("Authorization header requires 'Credential' parameter.")
	case algorithm == "AWS": // SigV2, which only S3 still meets
		key, _, ok := strings.Cut(rest, ":")
		if !ok || key == "" || len(key) > maxScopePart {
			return Scope{}, true, incompleteSignature("Authorization header is not AWS AccessKeyId:Signature.")
		}
		return Scope{AccessKeyID: key, Service: "s3"}, true, nil
	case strings.HasPrefix(algorithm, "AWS4-"):
		return Scope{}, true, incompleteSignature("Unsupported AWS 'algorithm': '" + shorten(algorithm) + "'.")
	}
	if query.Has("X-Amz-Credential") {
		scope, err = parseCredential(query.Get("X-Amz-Credential"), query.Get("X-Amz-Algorithm"))
		scope.Presigned = true
		return scope, true, err
	}
	return Scope{}, false, nil
}

// parseCredential reads KEY/DATE/REGION/SERVICE/aws4_request; SigV4a has no
// region there.
func parseCredential(credential, algorithm string) (Scope, error) {
	parts := strings.Split(credential, "/")
	bad := func() (Scope, error) {
		return Scope{}, incompleteSignature("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + shorten(credential) + "'.")
	}
	for _, p := range parts {
		if p == "" || len(p) > maxScopePart || strings.ContainsFunc(p, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return bad()
		}
	}
	switch {
	case len(parts) == 5:
		return Scope{AccessKeyID: parts[0], Region: radiograph.Region(parts[2]), Service: strings.ToLower(parts[3])}, nil
	case len(parts) == 4 && strings.HasPrefix(algorithm, "AWS4-ECDSA"):
		return Scope{AccessKeyID: parts[0], Service: strings.ToLower(parts[2])}, nil
	}
	return bad()
}

func incompleteSignature(text string) error {
	return &radiograph.Error{Kind: radiograph.KindInvalid, Code: "IncompleteSignatureException", Message: text}
}

// isAccount tells a twelve-digit access key, which names the account itself.
func isAccount(key string) bool {
	if len(key) != 12 {
		return false
	}
	for i := range len(key) {
		if key[i] < '0' || key[i] > '9' {
			return false
		}
	}
	return true
}
