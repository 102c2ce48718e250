package radiograph

import "context"

type requestIDKey struct{}

// WithRequestID gives ctx the id of the API request it serves. It is the only
// value that travels in a context here.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id given by WithRequestID, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
