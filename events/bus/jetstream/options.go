package jetstream

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"github.com/runnel-dev/runnel/events/bus"
)

// Options say how a bus is opened; nil means the defaults.
type Options struct {
	// Stream is the name of the JetStream stream; "" is RUNNEL. It takes the
	// subjects <lower-case name>.ev.>, so two names on one server are two buses.
	Stream string
	// MaxBytes bounds what the stream holds; 0 is 4 GiB when the stream is created.
	MaxBytes int64
	// Logger hears of what goes wrong with nobody to return an error to; nil is slog.Default().
	Logger *slog.Logger

	// Replicas is how many servers of a cluster hold each event, for Connect; 0
	// is 1 when the stream is created, and as it is otherwise.
	Replicas int
	// Credentials is a file with a user's JWT and key (.creds), for Connect.
	Credentials string
	// TLS is how Connect speaks TLS; nil: as the URL says.
	TLS *tls.Config
}

const (
	defaultStream   = "RUNNEL"
	defaultMaxBytes = 4 << 30

	opTimeout    = 10 * time.Second // of one exchange with the server
	closeTimeout = 10 * time.Second // for handlers to return
	dedupeWindow = 2 * time.Minute
)

// withDefaults checks the options and returns a copy with the defaults filled in.
func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	if opts.Stream == "" {
		opts.Stream = defaultStream
	}
	if err := bus.CheckName(opts.Stream); err != nil {
		return opts, fmt.Errorf("the stream's name: %w", err)
	}
	if opts.MaxBytes < 0 || opts.Replicas < 0 {
		return opts, fmt.Errorf("MaxBytes %d and Replicas %d must not be negative", opts.MaxBytes, opts.Replicas)
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return opts, nil
}
