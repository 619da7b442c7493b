package awsbus

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/runnel-dev/runnel/events/bus"
)

// Options say which bus is opened, and how; nil means the defaults.
type Options struct {
	// EventBus is the name of the EventBridge bus; "" is runnel.
	EventBus string
	// Prefix is what the names of queues and rules begin with; "" is runnel.
	Prefix string
	// Provision makes the bus, queues and rules that are not there. Otherwise
	// they are found by their names.
	Provision bool
	// Wait is how long a request for messages waits for one, in whole seconds of
	// at most 20; 0 is 20 s.
	Wait time.Duration
	// Timeout bounds what is asked of AWS, its repetitions included, and how long
	// Close waits for handlers; 0 is 10 s.
	Timeout time.Duration
	// MaxRequest is how many bytes of events go in one request to EventBridge; 0
	// is 1,000,000, its limit. Partitions that lag behind have 256 KiB.
	MaxRequest int
	// Logger hears of what goes wrong with nobody to return an error to; nil is slog.Default().
	Logger *slog.Logger
}

const (
	defaultEventBus   = "runnel"
	defaultPrefix     = "runnel"
	defaultWait       = 20 * time.Second
	defaultMaxRequest = 1_000_000
	defaultTimeout    = 10 * time.Second
)

// withDefaults checks the options and returns a copy with the defaults filled in.
func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	if opts.EventBus == "" {
		opts.EventBus = defaultEventBus
	}
	if opts.Prefix == "" {
		opts.Prefix = defaultPrefix
	}
	if err := bus.CheckName(opts.Prefix); err != nil {
		return opts, fmt.Errorf("the prefix of queues: %w", err)
	}
	if len(opts.Prefix) > 20 {
		return opts, fmt.Errorf("the prefix of queues %q has %d characters: at most 20 leave room for the names of steps", opts.Prefix, len(opts.Prefix))
	}
	if opts.Wait == 0 {
		opts.Wait = defaultWait
	}
	if opts.Wait < time.Second || opts.Wait > defaultWait || opts.MaxRequest < 0 || opts.Timeout < 0 {
		return opts, fmt.Errorf("Wait %v must be 1 to 20 seconds, and Timeout %v and MaxRequest %d must not be negative", opts.Wait, opts.Timeout, opts.MaxRequest)
	}
	if opts.Timeout == 0 {
		opts.Timeout = defaultTimeout
	}
	if opts.MaxRequest == 0 {
		opts.MaxRequest = defaultMaxRequest
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return opts, nil
}
