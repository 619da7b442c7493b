package s3

import (
	"context"
	"net/http"

	"github.com/rclone/gofakes3/signature"

	"github.com/runnel-dev/runnel/runtime/store"
)

// conditions are those of a write. gofakes3 checks them too, before it calls the
// backend, and so not atomically; and it does not give them to the backend.
type conditions struct {
	ifNoneMatch bool
	ifMatch     string
}

type conditionsKey struct{}

func conditionsOf(r *http.Request) (c conditions, e *signature.APIError) {
	if r.Method != http.MethodPut && r.Method != http.MethodPost {
		return c, nil
	}
	c.ifMatch = r.Header.Get("If-Match")
	switch r.Header.Get("If-None-Match") {
	case "":
	case "*":
		c.ifNoneMatch = true
	default:
		return c, refusal(http.StatusNotImplemented, "NotImplemented", "of writes, If-None-Match can only be *")
	}
	return c, nil
}

func withConditions(ctx context.Context, c conditions) context.Context {
	return context.WithValue(ctx, conditionsKey{}, c)
}

// addConditions adds the conditions of the request, for the store to check as it
// makes the object visible.
func addConditions(ctx context.Context, in *store.ObjectInput) {
	c, _ := ctx.Value(conditionsKey{}).(conditions)
	in.IfNoneMatch, in.IfMatch = c.ifNoneMatch, c.ifMatch
}
