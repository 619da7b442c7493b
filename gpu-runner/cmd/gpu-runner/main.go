// Command gpu-runner is the training service: it fits models that take long, for
// nodes that ask it over HTTP. It listens on loopback unless it is told another
// address, which then needs a token in RUNNEL_RUNNER_TOKEN.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/runnel-dev/runnel/gpu-runner/cpu"
	"github.com/runnel-dev/runnel/gpu-runner/job"
	"github.com/runnel-dev/runnel/gpu-runner/server"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/neural"
)

const tokenVariable = "RUNNEL_RUNNER_TOKEN"

func main() {
	listen := flag.String("listen", "127.0.0.1:7077", "address to listen on")
	engine := flag.String("engine", "gorgonia", "what networks are trained by: gorgonia, in float64, or learn, which knows all parameters and is faster")
	flag.Parse()
	if err := run(*listen, *engine, os.Getenv(tokenVariable)); err != nil {
		fmt.Fprintln(os.Stderr, "gpu-runner:", err)
		os.Exit(1)
	}
}

func run(listen, engine, token string) error {
	if engine != "gorgonia" && engine != "learn" {
		return fmt.Errorf("there is no engine %q: take gorgonia or learn", engine)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() && token == "" {
		return errors.Join(fmt.Errorf("%s can be reached from other machines: set %s to a secret that callers show, or listen on 127.0.0.1", listen, tokenVariable), l.Close())
	}
	fits, end := context.WithCancel(context.Background())
	defer end()
	s := &http.Server{
		Handler:           server.New(func(r *job.Request) (learn.Estimator, error) { return estimator(r, engine) }, &server.Options{Token: token}),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return fits },
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	slog.Info("gpu-runner serves", "address", l.Addr().String(), "engine", engine)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end() // a fit that runs is asked for again, elsewhere
	closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return s.Shutdown(closing)
}

// estimator makes what this runner fits.
func estimator(r *job.Request, engine string) (learn.Estimator, error) {
	if r.Estimator != neural.Kind {
		return nil, fmt.Errorf("this runner fits no %q: it fits %s", r.Estimator, neural.Kind)
	}
	n := neural.New()
	if len(r.Params) > 0 {
		d := json.NewDecoder(bytes.NewReader(r.Params))
		d.DisallowUnknownFields()
		if err := d.Decode(n); err != nil {
			return nil, fmt.Errorf("the parameters of %s: %w", r.Estimator, err)
		}
	}
	if err := n.Check(); err != nil || engine == "learn" {
		return n, err
	}
	gorgonia := cpu.Network{Network: n}
	return gorgonia, gorgonia.Suits()
}
