package jetstream

import (
	"crypto/tls"
	"errors"
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

	// Ends says that the process ends once the bus is closed, for Open: the server
	// is then left as a kill leaves it, from which it recovers in any case (Candea
	// and Fox, "Crash-only software", 2003). To stop it takes 10 ms a consumer.
	Ends bool

	// Replicas is how many servers hold each event, for Connect; 0 is, when the
	// stream is created, 3 in a cluster and 1 on a single server, and as it is otherwise.
	Replicas int
	// Credentials is a file with a user's JWT and key (.creds), and Nkey one with
	// a user's seed, for Connect. They are read anew at every connection.
	Credentials, Nkey string
	// Store is the id of the store that events tell of, for Connect; "" is not
	// looked at. The stream keeps that of who first says one, and is refused, with
	// ErrOtherStore, to who says another: events would not find what they name.
	Store string
	// User and Password are for Connect.
	User, Password string
	// Attach has Connect use the stream as it is: it is not made, changed or
	// trimmed, so the user needs no rights to do so. ErrNoStream where there is none.
	Attach bool
	// TLS is how Connect speaks TLS; nil: as the URL says.
	TLS *tls.Config
}

// ErrNoStream is the reason why a bus that is to attach does not open.
var ErrNoStream = errors.New("there is no such stream")

// ErrOtherStore is the reason why the bus of another store does not open.
var ErrOtherStore = errors.New("its events tell of another store")

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
