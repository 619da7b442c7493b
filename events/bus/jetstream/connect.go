package jetstream

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/nats-io/nats.go"
)

// Connect returns the bus on an outside NATS server or cluster with JetStream:
// urls is one URL or several separated by commas (nats://, tls://, ws://, wss://;
// user:password@ or token@ before the host). It creates the stream where there
// is none. The connection is made again whenever it is lost.
func Connect(ctx context.Context, urls string, o *Options) (*Bus, error) {
	opts, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	conn := connectOptions(opts)
	if opts.Credentials != "" {
		conn = append(conn, nats.UserCredentials(opts.Credentials))
	}
	if opts.Nkey != "" {
		o, err := nats.NkeyOptionFromSeed(opts.Nkey)
		if err != nil {
			return nil, fmt.Errorf("reading the key of NATS's user in %s: %w", opts.Nkey, err)
		}
		conn = append(conn, o)
	}
	if opts.User != "" {
		conn = append(conn, nats.UserInfo(opts.User, opts.Password))
	}
	if opts.TLS != nil {
		conn = append(conn, nats.Secure(opts.TLS))
	}
	nc, err := nats.Connect(urls, conn...)
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS at %s: %w", redact(urls), err)
	}
	b, err := newBus(ctx, nc, opts, context.Background(), nil)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("opening the event bus at %s: %w", redact(urls), err)
	}
	return b, nil
}

// redact leaves users, passwords and tokens out of URLs.
func redact(urls string) string {
	parts := strings.Split(urls, ",")
	for i, p := range parts {
		if u, err := url.Parse(strings.TrimSpace(p)); err == nil {
			u.User = nil
			parts[i] = u.String()
		} else if at := strings.LastIndexByte(p, '@'); at >= 0 {
			parts[i] = p[at+1:]
		}
	}
	return strings.Join(parts, ",")
}
