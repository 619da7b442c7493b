package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/node/client"
	"github.com/runnel-dev/runnel/runtime/node/server"
)

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

// others is how long other commands may take that have the folder for a moment.
const others = 3 * time.Second

// connect asks the node that runs in the folder or, where there is none, opens
// the folder in this process. Who only looks may ask another command that works
// there until it ends.
func (a *app) connect(ctx context.Context, work bool) (*connection, error) {
	for end := time.Now().Add(others); ; {
		c, err := a.running(ctx, work)
		if c == nil && err == nil {
			c, err = a.open(ctx, work)
		}
		var busy *node.Busy
		if errors.As(err, &busy) && time.Now().Before(end) && ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		if err == nil && c.remote {
			err = a.ownOnly(c)
		}
		return c, err
	}
}

// open opens the folder in this process.
func (a *app) open(ctx context.Context, work bool) (*connection, error) {
	opts := a.options()
	opts.Ends = true
	n, err := node.Open(ctx, a.dir, opts)
	if err != nil {
		return nil, err
	}
	o := server.Options{Node: n, Functions: all.Functions(), Default: a.defaultPipeline, Info: api.Info{Version: version(), Command: a.command, PID: os.Getpid(), Dir: n.Dir}}
	c := &connection{Client: client.Within(server.New(o)), close: n.Close}
	if !work {
		return c, nil
	}
	p, err := a.defaultPipeline()
	if err == nil {
		err = n.Start(ctx, p)
	}
	stop := func() {}
	if err == nil {
		stop, err = reachable(n, o)
	}
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	c.close = func() error { stop(); return n.Close() }
	return c, nil
}

// reachable lets other commands of the same user look at what this one works on,
// and cancel it: on loopback, with a token that only this user can read.
func reachable(n *node.Node, o server.Options) (stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for other commands: %w", err)
	}
	o.Token, o.Info.HTTP = rand.Text(), l.Addr().String()
	srv := &http.Server{Handler: server.New(o), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }() // it ends by Close
	if err := n.Publish(o.Info, o.Token); err != nil {
		return nil, errors.Join(err, srv.Close())
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if srv.Shutdown(ctx) != nil { // an answer that nobody reads
			_ = srv.Close()
		}
	}, nil
}

// running gives a client of the node that runs in the folder, nil where none
// does; node.Busy is the reason where it is just starting or ending.
func (a *app) running(ctx context.Context, work bool) (*connection, error) {
	info, token, err := node.Running(a.dir)
	if err != nil || info == nil {
		return nil, err
	}
	if info.Command != "" && work {
		return nil, fmt.Errorf("process %d, runnel %s, works in the folder %s until its run ends: wait for it, cancel it (%s runs cancel last), or name another folder with --data\n`runnel up` runs a node that any number of commands can give work to", info.PID, info.Command, a.dir, a.name())
	}
	c := client.New("http://"+info.HTTP, token)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := c.Node(ctx); err != nil && info.Command != "" {
		return nil, &node.Busy{Path: a.dir}
	} else if err != nil {
		return nil, fmt.Errorf("a node runs in %s (process %d) and does not answer at %s: %w", a.dir, info.PID, info.HTTP, err)
	}
	return &connection{Client: c, remote: true, pid: info.PID, close: func() error { return nil }}, nil
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
