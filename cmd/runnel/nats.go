package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/node"
	_ "github.com/runnel-dev/runnel/runtime/store/s3" // --store s3://
)

// sharedFlags say what a process shares with others: a bus, and a store.
type sharedFlags struct {
	nats, store   string
	creds, nkey   string // files
	ca, cert, key string // files
	functions     []string
	replicas      int
}

// The environment variables of a user's name and password, which no flag takes:
// every user of a machine sees the command lines of its processes.
const (
	natsUser     = "RUNNEL_NATS_USER"
	natsPassword = "RUNNEL_NATS_PASSWORD"
)

func (f *sharedFlags) add(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.nats, "nats", "", "URLs of an outside NATS cluster with JetStream, separated by commas; its user by --nats-creds, --nats-nkey or in "+natsUser+" and "+natsPassword)
	fs.StringVar(&f.store, "store", "", "store that is shared: a directory, s3://BUCKET or another URL (default for a node: its folder)")
	fs.StringVar(&f.creds, "nats-creds", "", "file with the NATS user's credentials (.creds)")
	fs.StringVar(&f.nkey, "nats-nkey", "", "file with the seed of the NATS user's nkey")
	fs.StringVar(&f.ca, "nats-ca", "", "file with the certificates (PEM) that vouch for the NATS servers (default: the system's)")
	fs.StringVar(&f.cert, "nats-cert", "", "file with this client's certificate (PEM), where the servers ask for one")
	fs.StringVar(&f.key, "nats-key", "", "file with the certificate's key (PEM)")
	fs.StringSliceVar(&f.functions, "functions", nil, "work only on steps of these functions, separated by commas; none for no step (default: all)")
}

// options completes those of a node or worker.
func (f *sharedFlags) options(o *node.Options) error {
	o.Store = f.store
	for _, h := range o.Hosts {
		if l, ok := h.(*lambdas); ok {
			l.store = f.store
		}
	}
	var err error
	if o.Serves, err = f.serves(); err != nil {
		return err
	}
	if f.nats == "" {
		return nil
	}
	for url := range strings.SplitSeq(f.nats, ",") {
		if hasSecret(url) && slices.ContainsFunc(os.Args, func(arg string) bool { return strings.Contains(arg, url) }) {
			return usage(fmt.Errorf("--nats: a password on a command line is seen by every user of the machine: put the user into %s and the password into %s, or name a file with --nats-creds or --nats-nkey", natsUser, natsPassword))
		}
	}
	n := &node.NATS{URLs: f.nats, Options: jetstream.Options{
		Credentials: f.creds, Nkey: f.nkey, User: os.Getenv(natsUser), Password: os.Getenv(natsPassword), Replicas: f.replicas,
	}}
	if n.TLS, err = f.tls(); err != nil {
		return err
	}
	o.NATS = n
	return nil
}

// hasSecret tells whether a URL holds a password or a token.
func hasSecret(text string) bool {
	u, err := url.Parse(strings.TrimSpace(text))
	return err == nil && u.User != nil
}

// tls is nil where no flag asks for more than the URL does.
func (f *sharedFlags) tls() (*tls.Config, error) {
	if f.ca == "" && f.cert == "" && f.key == "" {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		b, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, fmt.Errorf("--nats-ca: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("--nats-ca: %s holds no certificate in PEM", f.ca)
		}
	}
	if f.cert != "" || f.key != "" {
		if f.cert == "" || f.key == "" {
			return nil, usage(errors.New("--nats-cert and --nats-key go together"))
		}
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, fmt.Errorf("--nats-cert and --nats-key: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// serves tells which functions' steps are worked on; nil for all.
func (f *sharedFlags) serves() (func(string) bool, error) {
	if len(f.functions) == 0 {
		return nil, nil
	}
	if slices.Equal(f.functions, []string{"none"}) {
		return func(string) bool { return false }, nil
	}
	known := slices.Sorted(maps.Keys(all.Functions()))
	for _, name := range f.functions {
		if !slices.Contains(known, name) {
			return nil, usage(fmt.Errorf("--functions: there is no function %q%s", name, nearest.Hint(name, known)))
		}
	}
	return func(name string) bool { return slices.Contains(f.functions, name) }, nil
}

// explain adds to an error of the bus outside how to put it right.
func (f *sharedFlags) explain(a *app, err error) error {
	store := f.store
	if store == "" {
		store = "STORE"
	}
	upFirst := fmt.Sprintf("\nA node makes it: start one first with\n  %s up --nats %s --store %s", a.name(), redactURLs(f.nats), store)
	switch {
	case errors.Is(err, jetstream.ErrNoStream):
		return fmt.Errorf("%w%s", err, upFirst)
	case errors.Is(err, node.ErrNoPipelines):
		return fmt.Errorf("store %s: %w: it must be the store of the nodes on this bus%s", store, err, upFirst)
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked):
		return fmt.Errorf("%w\nThe user is taken from --nats-creds, --nats-nkey, or %s and %s: see that the cluster knows it", err, natsUser, natsPassword)
	case errors.Is(err, nats.ErrNoServers):
		return fmt.Errorf("%w\nSee that the cluster runs, and that --nats names it: --nats nats://HOST:4222,nats://OTHER:4222", err)
	}
	return err
}

// redactURLs leaves users and passwords out.
func redactURLs(urls string) string {
	parts := strings.Split(urls, ",")
	for i, p := range parts {
		if u, err := url.Parse(strings.TrimSpace(p)); err == nil {
			u.User = nil
			parts[i] = u.String()
		}
	}
	return strings.Join(parts, ",")
}

// seenByAll tells whether processes on other machines see the store.
func seenByAll(location string) bool {
	scheme, _, isURL := strings.Cut(location, "://")
	return isURL && scheme != "file" && scheme != "mem"
}
