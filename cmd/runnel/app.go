package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/internal/buildid"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/fetch"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/node/client"
	"github.com/runnel-dev/runnel/runtime/node/server"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

// app is what the commands share: where they write, and which node they ask.
type app struct {
	out, err io.Writer
	dir      string
	json     bool
	verbose  bool
	private  bool            // URLs may name private addresses
	named    bool            // the command line names the folder
	alone    bool            // this command has the folder for as long as its user looks at it
	guests   string          // folder of WASM guests; "": that of scripts/build
	lambda   string          // name or addresses of the Lambdas
	typed    map[string]bool // flags that stand on the command line
}

func (a *app) fail(err error) {
	text := err.Error()
	if a.json {
		said := &api.Error{Message: text}
		_ = errors.As(err, &said) // with the column that it is about
		b, _ := json.Marshal(map[string]*api.Error{"error": {Message: text, Column: said.Column}})
		fmt.Fprintln(a.err, string(b))
		return
	}
	fmt.Fprintln(a.err, a.style(a.err, red, "error:"), text)
}

// name is how this command is called for the same folder once more, for hints.
func (a *app) name() string {
	if a.named {
		return "runnel --data " + quote(a.dir)
	}
	return "runnel"
}

// say writes a message for a person.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }

// print writes v as JSON where --json asks for it, and otherwise calls text.
func (a *app) print(v any, text func()) error {
	if !a.json {
		text()
		return nil
	}
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (a *app) log() *slog.Logger {
	if !a.verbose {
		return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// connection is a client and how to end it.
type connection struct {
	*client.Client
	remote bool // of a node that runs in another process
	pid    int  // which
	close  func() error
}

// What a folder is opened for, where no node runs in it.
const (
	looking = false // nothing is worked on
	working = true  // its pipelines run, also what was left of earlier runs
)

// connect asks the node that runs in the folder or, where there is none, opens
// the folder in this process.
func (a *app) connect(ctx context.Context, work bool) (*connection, error) {
	if c, err := a.running(ctx); err != nil {
		return nil, err
	} else if c != nil {
		return c, a.ownOnly(c)
	}
	opts := a.options()
	opts.Ends = true
	n, err := node.Open(ctx, a.dir, opts)
	if err != nil {
		return nil, err
	}
	if work {
		p, err := a.defaultPipeline()
		if err == nil {
			err = n.Start(ctx, p)
		}
		if err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	h := server.New(server.Options{Node: n, Functions: all.Functions(), Default: a.defaultPipeline, Info: api.Info{Version: version(), PID: os.Getpid(), Dir: n.Dir}})
	return &connection{Client: client.Within(h), close: n.Close}, nil
}

// ownOnly refuses the flags that say what a node has, where one runs already: it
// would not heed them.
func (a *app) ownOnly(c *connection) error {
	for _, flag := range []string{"guests", "lambda", "allow-private-urls"} {
		if a.typed[flag] {
			return usage(fmt.Errorf("--%s: a node runs in %s (process %d), and goes by what it was started with: stop it, and give the flag to %s up; or leave the flag out", flag, a.dir, c.pid, a.name()))
		}
	}
	return nil
}

// options say what a node is made of.
func (a *app) options(observers ...engine.Observer) *node.Options {
	return &node.Options{
		Functions: all.Functions(), Fetch: fetch.New(&fetch.Options{AllowPrivate: a.private}).Get, Build: buildid.ID(),
		Hosts: a.hosts(), Observers: observers, Log: a.log(),
	}
}

// running gives a client of the node that runs in the folder, nil where none does.
func (a *app) running(ctx context.Context) (*connection, error) {
	info, token, err := node.Running(a.dir)
	if err != nil || info == nil {
		return nil, err
	}
	c := client.New("http://"+info.HTTP, token)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := c.Node(ctx); err != nil {
		return nil, fmt.Errorf("a node runs in %s (process %d) and does not answer at %s: %w", a.dir, info.PID, info.HTTP, err)
	}
	return &connection{Client: c, remote: true, pid: info.PID, close: func() error { return nil }}, nil
}

func (a *app) defaultPipeline() (*pipeline.Pipeline, error) { return pipeline.Default(all.Functions()) }
