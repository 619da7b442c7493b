package nats_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/runnel-dev/runnel/infra/nats"
)

// example sets the environment of nats.env.example, with passwords filled in
// and the files that it names in a folder of the test.
func example(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile("nats.env.example")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if value == "" {
			value = "p0123456789abcdef"
		}
		t.Setenv(name, strings.Trim(value, "'"))
	}
}

// The configuration is what nats-server reads, with the environment of the example.
func TestConfigParses(t *testing.T) {
	example(t)
	dir := t.TempDir()
	if err := nats.Certify(dir); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NATS_CERT", filepath.Join(dir, "server.crt"))
	t.Setenv("NATS_KEY", filepath.Join(dir, "server.key"))
	t.Setenv("NATS_CA", filepath.Join(dir, "ca.crt"))
	o, err := server.ProcessConfigFile("nats.conf")
	if err != nil {
		t.Fatal(err)
	}
	if !o.SyncAlways {
		t.Error("events are acknowledged before they are on disk")
	}
	if o.HTTPHost != "127.0.0.1" {
		t.Errorf("monitoring listens on %s", o.HTTPHost)
	}
	if o.TLSConfig == nil || o.Cluster.TLSConfig == nil || o.Cluster.TLSConfig.ClientAuth == 0 {
		t.Error("clients or routes without TLS, or routes without certificates, are let in")
	}
	if len(o.Routes) != nats.Size || o.Cluster.Name != "runnel" || o.StoreDir != "/var/lib/nats" {
		t.Errorf("routes %v of the cluster %q, events in %s", o.Routes, o.Cluster.Name, o.StoreDir)
	}
	for _, u := range o.Users {
		if u.Account.GetName() == "RUNNEL" && (u.Permissions == nil || u.Permissions.Publish == nil || u.Permissions.Subscribe == nil) {
			t.Errorf("user %s may do everything", u.Username)
		}
	}
	if len(o.Users) != 3 {
		t.Errorf("%d users, want node, worker and admin", len(o.Users))
	}
}

// Every variable of the configuration is in the example, and nothing else.
func TestExampleIsComplete(t *testing.T) {
	names := func(file, pattern string) map[string]bool {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]bool{}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(b), -1) {
			out[m[1]] = true
		}
		return out
	}
	used, given := names("nats.conf", `\$(NATS_\w+)`), names("nats.env.example", `(?m)^(NATS_\w+)=`)
	for name := range used {
		if !given[name] {
			t.Errorf("nats.conf uses %s, which nats.env.example does not set", name)
		}
	}
	for name := range given {
		if !used[name] {
			t.Errorf("nats.env.example sets %s, which nats.conf does not use", name)
		}
	}
}

// patience bounds what a user may do. What it may not do is not answered, and
// given up on after a second.
const patience = 2 * time.Minute

// Three processes form a cluster, and its users may do what they must and no more.
func TestCluster(t *testing.T) {
	c, err := nats.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	as := func(user string) jetstream.JetStream {
		nc, err := client.Connect(c.URLs(), client.RootCAs(c.CA), client.UserInfo(user, c.Password(user)), client.ErrorHandler(func(*client.Conn, *client.Subscription, error) {}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		return js
	}
	may, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	node, worker := as(nats.Node), as(nats.Worker)
	cfg := jetstream.StreamConfig{Name: "RUNNEL", Subjects: []string{"runnel.ev.>"}, Replicas: 3, MaxBytes: 64 << 20}
	if _, err := worker.CreateStream(t.Context(), cfg); err == nil {
		t.Error("a worker made the stream")
	}
	if _, err := node.CreateStream(may, cfg); err != nil {
		t.Fatal(err)
	}
	consumer := jetstream.ConsumerConfig{Durable: "p_step", FilterSubject: "runnel.ev.p.x", AckPolicy: jetstream.AckExplicitPolicy}
	if _, err := worker.CreateConsumer(t.Context(), "RUNNEL", consumer); err == nil {
		t.Error("a worker made a subscription")
	}
	if _, err := node.CreateConsumer(may, "RUNNEL", consumer); err != nil {
		t.Fatal(err)
	}
	if _, err := worker.Publish(may, "runnel.ev.p.x", []byte("event")); err != nil {
		t.Errorf("a worker may not publish: %v", err)
	}
	if _, err := node.CreateStream(t.Context(), jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"other"}}); err == nil {
		t.Error("a node made another stream")
	}
	taken, err := worker.Consumer(may, "RUNNEL", "p_step")
	if err != nil {
		t.Fatal(err)
	}
	msg, err := taken.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := msg.DoubleAck(may); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{
		"removed a subscription": worker.DeleteConsumer(t.Context(), "RUNNEL", "p_step"),
		"removed the stream":     worker.DeleteStream(t.Context(), "RUNNEL"),
		"removed its stream":     node.DeleteStream(t.Context(), "RUNNEL"),
	} {
		if err == nil {
			t.Errorf("a user %s", what)
		}
	}
	if _, err := node.Consumer(may, "RUNNEL", "p_step"); err != nil {
		t.Errorf("what no one may remove is gone: %v", err)
	}
	if _, err := client.Connect(c.URLs(), client.RootCAs(c.CA), client.UserInfo(nats.Worker, "guess")); err == nil {
		t.Error("a wrong password was let in")
	}

	leader, err := c.Leader(t.Context(), "RUNNEL")
	if err != nil {
		t.Fatal(err)
	}
	leader.Kill()
	deadline := time.Now().Add(patience)
	for _, err = worker.Publish(t.Context(), "runnel.ev.p.x", []byte("event")); err != nil; _, err = worker.Publish(t.Context(), "runnel.ev.p.x", []byte("event")) {
		if time.Now().After(deadline) {
			t.Fatalf("with two of three servers: %v", err)
		}
	}
	if err := leader.Start(); err != nil {
		t.Fatal(err)
	}
}
