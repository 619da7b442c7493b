package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/node/metrics"
	"github.com/runnel-dev/runnel/runtime/node/server"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

// upFlags are the flags of `runnel up`.
type upFlags struct {
	listen    string
	pipelines []string
}

func newUp(a *app) *cobra.Command {
	var f upFlags
	c := &cobra.Command{
		Use:   "up",
		Short: "Run a node: uploads by HTTP, predictions, events, metrics",
		Long: `Run a node in the folder until it is stopped. It listens on loopback unless told
otherwise; a node that listens elsewhere asks its clients for the token that is
in the file token of the folder.`,
		Example: "  runnel up\n  runnel up --pipeline churn.yaml --listen 0.0.0.0:7070",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.up(cmd.Context(), &f) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:7070", "address of the HTTP endpoint; port 0 takes a free one")
	c.Flags().StringArrayVarP(&f.pipelines, "pipeline", "p", nil, "file with a pipeline's definition; may be repeated; the default pipeline otherwise")
	c.Flags().BoolVar(&a.private, "allow-private-urls", false, "fetch from loopback and private addresses too")
	return c
}

func (a *app) up(ctx context.Context, f *upFlags) error {
	pipelines, err := a.pipelines(f.pipelines)
	if err != nil {
		return usage(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	n, err := node.Open(ctx, a.dir, a.options(metrics.New(registry)))
	if err != nil {
		return err
	}
	if err := a.serve(ctx, f, n, pipelines, registry); err != nil {
		return errors.Join(err, n.Close())
	}
	a.say("stopping: what is at work goes on when the node is started next")
	return n.Close()
}

func (a *app) pipelines(files []string) ([]*pipeline.Pipeline, error) {
	if len(files) == 0 {
		p, err := a.defaultPipeline()
		return []*pipeline.Pipeline{p}, err
	}
	var out []*pipeline.Pipeline
	for _, path := range files {
		p, _, err := a.parse(path)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// serve listens until ctx ends.
func (a *app) serve(ctx context.Context, f *upFlags, n *node.Node, pipelines []*pipeline.Pipeline, registry *prometheus.Registry) error {
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("%w: choose another address with --listen", err)
	}
	defer l.Close()
	token := ""
	if addr, ok := l.Addr().(*net.TCPAddr); !ok || !addr.IP.IsLoopback() {
		if token, err = secret(filepath.Join(n.Dir, "token")); err != nil {
			return err
		}
	}
	info := api.Info{Version: version(), PID: os.Getpid(), Dir: n.Dir, HTTP: l.Addr().String()}
	for _, p := range pipelines {
		info.Pipelines = append(info.Pipelines, p.Name)
	}
	if err := n.Start(ctx, pipelines...); err != nil {
		return err
	}
	srv := &http.Server{
		Handler:           server.New(server.Options{Node: n, Functions: all.Functions(), Default: a.defaultPipeline, Info: info, Token: token, Registry: registry, Log: a.log()}),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	if err := n.Publish(info, token); err != nil {
		return err
	}
	a.announce(info, token)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return srv.Shutdown(closing)
}

func (a *app) announce(info api.Info, token string) {
	_ = a.print(info, func() {
		fmt.Fprintf(a.out, "%s\n\n", a.style(a.out, bold, "Runnel is up in "+info.Dir))
		fmt.Fprintf(a.out, "  HTTP       http://%s\n", info.HTTP)
		if token != "" {
			fmt.Fprintf(a.out, "  Token      in %s\n", filepath.Join(info.Dir, "token"))
		}
		for _, p := range info.Pipelines {
			fmt.Fprintf(a.out, "  Pipeline   %s\n", p)
		}
		fmt.Fprintf(a.out, "\n  Next       runnel put FILE uploads --target COLUMN\n             curl -T FILE -H 'x-amz-meta-target: COLUMN' http://%s/v1/objects/uploads/FILE\n", info.HTTP)
	})
}

// secret reads the token of a folder, which it makes where there is none.
func secret(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err == nil && len(b) > 0 {
		return string(b), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	token := hex.EncodeToString(random)
	return token, os.WriteFile(path, []byte(token), 0o600)
}
