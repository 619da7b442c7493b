package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/node/inbox"
	"github.com/runnel-dev/runnel/runtime/node/metrics"
	"github.com/runnel-dev/runnel/runtime/node/s3"
	"github.com/runnel-dev/runnel/runtime/node/server"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/store"
)

// upFlags are the flags of `runnel up`.
type upFlags struct {
	sharedFlags
	listen    string
	s3        string
	inbox     string
	host      string
	seed      uint64
	pipelines []string
	set       func(flag string) bool // by the user
}

func newUp(a *app) *cobra.Command {
	var f upFlags
	c := &cobra.Command{
		Use:   "up",
		Short: "Run a node: uploads by HTTP, S3 and a folder, predictions, events, metrics",
		Long: `Run a node in the folder until it is stopped. It listens on loopback unless told
otherwise; a node that listens elsewhere asks its clients for the token that is
in the file token of the folder. The S3 endpoint asks for the keys in the file
credentials, wherever it listens. A file that is put into the inbox is uploaded.

With --nats the events go over an outside cluster, and any number of runnel
worker processes with the same --nats and --store work on them beside the node.`,
		Example: "  runnel up\n  runnel up --pipeline churn.yaml --listen 0.0.0.0:7070\n  runnel up --s3 0.0.0.0:7071 --inbox /srv/drop",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.set = cmd.Flags().Changed
			return a.up(cmd.Context(), &f)
		},
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:7070", "`ADDRESS` of the HTTP endpoint; port 0 takes a free one")
	c.Flags().StringVar(&f.s3, "s3", "127.0.0.1:7071", "address of the S3 endpoint, or a free one where another program has the default; empty for none")
	c.Flags().StringVar(&f.inbox, "inbox", "", "folder whose files are uploaded to the bucket inbox (default inbox in the node's folder); empty for none")
	c.Flags().StringArrayVarP(&f.pipelines, "pipeline", "p", nil, "`FILE` with a pipeline's definition; may be repeated; the default pipeline otherwise")
	f.add(c)
	c.Flags().IntVar(&f.replicas, "nats-replicas", 0, "how many NATS servers hold each event (default: 3 in a cluster, when the stream is made, and as it is otherwise)")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "`NUMBER` that every random choice follows from; each pipeline's own by default")
	a.hostFlag(c, &f.host, "run every step of the pipelines there")
	c.Flags().BoolVar(&a.private, "allow-private-urls", false, "fetch from loopback and private addresses too")
	return c
}

func (a *app) up(ctx context.Context, f *upFlags) error {
	pipelines, err := a.pipelines(f.pipelines)
	for i := 0; err == nil && f.host != "" && i < len(pipelines); i++ {
		pipelines[i].Pipeline, err = pipelines[i].WithHost(f.host, all.Functions())
	}
	for i := 0; err == nil && f.set("seed") && i < len(pipelines); i++ {
		pipelines[i].Pipeline, err = pipelines[i].WithSeed(f.seed, all.Functions())
	}
	if err != nil {
		return usage(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	opts := a.options(metrics.New(registry), narrator{a})
	if err := f.options(opts); err != nil {
		return err
	}
	n, err := node.Open(ctx, a.dir, opts)
	if err != nil {
		return f.explain(a, err)
	}
	if err := a.serve(ctx, f, n, pipelines, registry); err != nil {
		return errors.Join(err, n.Close())
	}
	a.say("stopping: what is at work goes on when the node is started next")
	return n.Close()
}

// pipelines reads those that the node has: the default one where none is named.
func (a *app) pipelines(files []string) ([]*definition, error) {
	if len(files) == 0 {
		p, err := a.defaultPipeline()
		return []*definition{{Pipeline: p}}, err
	}
	var out []*definition
	for _, path := range files {
		d, err := a.parse(path)
		if err != nil {
			return nil, err
		}
		a.warn(d)
		out = append(out, d)
	}
	return out, nil
}

// serve listens until ctx ends.
func (a *app) serve(ctx context.Context, f *upFlags, n *node.Node, definitions []*definition, registry *prometheus.Registry) (err error) {
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
	var pipelines []*pipeline.Pipeline
	for _, d := range definitions {
		if err := d.upload(ctx, n.Store.Put); err != nil {
			return err
		}
		info.Pipelines = append(info.Pipelines, d.Name)
		pipelines = append(pipelines, d.Pipeline)
	}
	if err := n.Start(ctx, pipelines...); err != nil {
		return err
	}
	for _, bucket := range []string{"uploads", "inbox"} {
		if err := n.Store.CreateBucket(ctx, bucket); err != nil && !errors.Is(err, store.ErrExists) {
			return err
		}
	}
	failed := make(chan error, 2)
	stopS3, err := a.serveS3(f, n, &info, failed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopS3()) }()
	stopInbox, err := a.watchInbox(ctx, f, n, &info)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopInbox()) }()
	stopHTTP := serveHTTP(l, server.New(server.Options{
		Node: n, Functions: all.Functions(), Default: a.defaultPipeline, Info: info, Token: token, Registry: registry, Log: a.log(),
	}), failed)
	defer func() { err = errors.Join(err, stopHTTP()) }()
	if err := n.Publish(info, token); err != nil {
		return err
	}
	a.announce(info, token)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// serveHTTP answers requests until the function that it returns is called, which
// waits for those under way, though not for long.
func serveHTTP(l net.Listener, h http.Handler, failed chan<- error) (stop func() error) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return srv.Close()
	}
}

// serveS3 opens the S3 endpoint, if there is to be one.
func (a *app) serveS3(f *upFlags, n *node.Node, info *api.Info, failed chan<- error) (stop func() error, err error) {
	if f.s3 == "" {
		return func() error { return nil }, nil
	}
	l, err := net.Listen("tcp", f.s3)
	if errors.Is(err, syscall.EADDRINUSE) && !f.set("s3") {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: choose another address with --s3, or none by --s3 \"\"", err)
	}
	keys, err := s3.LoadCredentials(filepath.Join(n.Dir, "credentials"))
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	h, err := s3.Open(n, keys, &s3.Options{Log: a.log()})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	info.S3 = l.Addr().String()
	stopHTTP := serveHTTP(l, h, failed)
	return func() error { return errors.Join(stopHTTP(), h.Close()) }, nil
}

// watchInbox takes the files of the inbox, if there is to be one.
func (a *app) watchInbox(ctx context.Context, f *upFlags, n *node.Node, info *api.Info) (stop func() error, err error) {
	dir := f.inbox
	if !f.set("inbox") {
		dir = filepath.Join(n.Dir, "inbox")
	}
	if dir == "" {
		return func() error { return nil }, nil
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	i, err := inbox.Open(dir, n.Upload, &inbox.Options{MediaType: mediaTypeOf, Log: a.log()})
	if err != nil {
		return nil, err
	}
	info.Inbox = dir
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		i.Run(ctx)
	}()
	return func() error {
		cancel()
		<-ended
		return i.Close()
	}, nil
}

func (a *app) announce(info api.Info, token string) {
	_ = a.print(info, func() {
		fmt.Fprintf(a.out, "%s\n\n", a.style(a.out, bold, "Runnel is up in "+info.Dir))
		http, everywhere := address(info.HTTP)
		fmt.Fprintf(a.out, "  HTTP       http://%s%s\n", http, everywhere)
		fmt.Fprintf(a.out, "  Console    http://%s/ in a browser\n", http)
		bearer := ""
		if token != "" {
			path := filepath.Join(info.Dir, "token")
			fmt.Fprintf(a.out, "  Token      in %s\n", path)
			bearer = ` -H "Authorization: Bearer $(cat ` + quote(path) + `)"`
		}
		credentials := filepath.Join(info.Dir, "credentials")
		s3, all := address(info.S3)
		if info.S3 != "" {
			fmt.Fprintf(a.out, "  S3         http://%s%s, with the keys in %s\n", s3, all, credentials)
		}
		if info.Inbox != "" {
			fmt.Fprintf(a.out, "  Inbox      %s\n", info.Inbox)
		}
		for _, p := range info.Pipelines {
			fmt.Fprintf(a.out, "  Pipeline   %s\n", p)
		}
		fmt.Fprintf(a.out, "\n  Next       %s put FILE uploads --target COLUMN\n             curl -T FILE%s -H 'x-amz-meta-target: COLUMN' http://%s/v1/objects/uploads/FILE\n", a.name(), bearer, http)
		if info.S3 != "" {
			fmt.Fprintf(a.out, "             AWS_SHARED_CREDENTIALS_FILE=%s aws --endpoint-url http://%s s3 cp FILE s3://uploads/ --metadata target=COLUMN\n", quote(credentials), s3)
		}
	})
}

// address is what to ask a listener at from this machine, and what to say of it
// where it listens on every address that the machine has.
func address(listener string) (at, everywhere string) {
	a, err := netip.ParseAddrPort(listener)
	if err != nil || !a.Addr().IsUnspecified() {
		return listener, ""
	}
	return fmt.Sprintf("127.0.0.1:%d", a.Port()), " (and every other address of this machine)"
}

// secret reads the token of a folder, which it makes where there is none.
func secret(path string) (string, error) {
	b, err := os.ReadFile(path)
	if token := strings.TrimSpace(string(b)); err == nil && token != "" {
		return token, nil // without the line's end of one that a person wrote
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
