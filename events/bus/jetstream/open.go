package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Open starts a server inside the process, on no network, that keeps its events
// in dir, and returns the bus on it. The directory is made private to the user.
// One process at a time may have it open.
func Open(ctx context.Context, dir string, o *Options) (*Bus, error) {
	opts, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	b, err := open(ctx, dir, opts)
	if err != nil {
		return nil, fmt.Errorf("opening the event bus in %s: %w", dir, err)
	}
	return b, nil
}

func open(ctx context.Context, dir string, opts Options) (_ *Bus, err error) {
	if err := makePrivate(dir); err != nil {
		return nil, err
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	srv, err := server.NewServer(&server.Options{
		ServerName:         "runnel",
		DontListen:         true,
		NoSigs:             true,
		JetStream:          true,
		StoreDir:           dir,
		SyncAlways:         true,
		JetStreamMaxMemory: 64 << 20,
		JetStreamMaxStore:  1 << 50, // the stream's MaxBytes is the limit
	})
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	health, fail := context.WithCancelCause(context.Background())
	stop := func() error {
		if opts.Ends {
			return nil // the lock ends with the process, too
		}
		defer fail(nil)
		srv.Shutdown()
		srv.WaitForShutdown()
		return unlock()
	}
	srv.SetLoggerV2(serverLog{opts.Logger, fail}, false, false, false)
	srv.Start()
	if !srv.ReadyForConnections(opTimeout) || !srv.JetStreamEnabled() {
		return nil, errors.Join(errors.New("the embedded NATS server did not start: its log says why"), stop())
	}
	nc, err := nats.Connect("", append(connectOptions(opts), nats.InProcessServer(srv))...)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	b, err := newBus(ctx, nc, opts, health, stop)
	if err != nil {
		nc.Close()
		return nil, errors.Join(err, stop())
	}
	return b, nil
}

// makePrivate makes the directory, durably, with access for the user alone.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// connectOptions are those of every connection.
func connectOptions(opts Options) []nats.Option {
	return []nats.Option{
		nats.Name("runnel"),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // a server whose users are being changed is no reason to give up
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectBufSize(-1), // publishing while cut off fails at once, and is the caller's to repeat
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			where := ""
			if sub != nil {
				where = sub.Subject
			}
			opts.Logger.Warn("event bus", "err", err, "subject", where)
		}),
	}
}

// serverLog passes on what the server warns of; the rest is not for users.
type serverLog struct {
	log  *slog.Logger
	fail context.CancelCauseFunc // told when the disk takes no more
}

func (l serverLog) Noticef(string, ...any) {}
func (l serverLog) Debugf(string, ...any)  {}
func (l serverLog) Tracef(string, ...any)  {}

func (l serverLog) Warnf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	level := slog.LevelWarn
	if strings.Contains(text, "Stream state outdated") || strings.Contains(text, "errored: prior state file") {
		level = slog.LevelDebug // after a crash: the index is made again from the events
	}
	l.log.Log(context.Background(), level, "event bus: "+text)
}

// Errorf also learns from the log what the server tells in no other way: after a
// failed write it stores nothing more and does not answer who publishes.
func (l serverLog) Errorf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	l.log.Error("event bus: " + text)
	if strings.Contains(strings.ToLower(text), "critical write error") {
		l.fail(fmt.Errorf("the event bus cannot write to its disk; make room, or repair it, and start again: %s", text))
	}
}

func (l serverLog) Fatalf(format string, args ...any) { l.Errorf(format, args...) }
