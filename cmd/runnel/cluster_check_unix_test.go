//go:build unix

package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/infra/nats"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

// clusterSteps are those of clusterPipeline.
var clusterSteps = []string{"ingest", "clean", "explore", "featurize", "train", "evaluate", "register", "deploy"}

// check reads what the processes left behind.
func (u *uploaded) check(t *testing.T, c *nats.Cluster, location string) {
	ctx := t.Context()
	s, err := store.Open(ctx, location, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	runs, err := engine.Runs(ctx, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != clusterRuns || len(u.run) != clusterRuns {
		t.Errorf("%d uploads have %d runs", len(u.run), len(runs))
	}
	for _, r := range runs {
		if u.run[r.Event.Subject()] != r.ID {
			t.Errorf("upload %s was accepted as run %s, and has %s", r.Event.Subject(), u.run[r.Event.Subject()], r.ID)
		}
	}
	checkClusterRecords(t, s, runs)
	checkClusterModels(t, s)
	for _, prefix := range []string{"deadletters/", "attempts/", "begun/"} {
		for key, err := range s.List(ctx, prefix) {
			t.Errorf("%s was left, %v", key, err)
		}
	}
	checkClusterBus(t, c)
}

// checkClusterRecords wants one record of each step of each run, whose events
// and artifacts are all there and stand in no other.
func checkClusterRecords(t *testing.T, s *store.Store, runs []engine.Run) {
	answered := map[string]map[string]int{}
	emitted := map[string]string{} // event to the record that it is in
	triggers := map[string]string{}
	for key, err := range s.List(t.Context(), "results/") {
		var rec engine.Record
		if err == nil {
			err = s.Get(t.Context(), key, &rec)
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Status != engine.Done {
			t.Errorf("%s: step %s is %s: %v", key, rec.Step, rec.Status, rec.Error)
		}
		if answered[rec.Run] == nil {
			answered[rec.Run] = map[string]int{}
		}
		answered[rec.Run][rec.Step]++
		triggers[key] = rec.Event
		for name, ref := range rec.Outputs {
			if err := s.Verify(t.Context(), ref); err != nil {
				t.Errorf("%s: output %s: %v", key, name, err)
			}
		}
		for _, e := range rec.Events {
			if other, ok := emitted[e.ID()]; ok {
				t.Errorf("event %s is in the records %s and %s", e.ID(), key, other)
			}
			emitted[e.ID()] = key
			if events.RunOf(e) != rec.Run {
				t.Errorf("%s: its event %s is of run %s", key, e.ID(), events.RunOf(e))
			}
		}
	}
	for _, r := range runs {
		emitted[r.ID] = "the upload"
		for _, step := range clusterSteps {
			if n := answered[r.ID][step]; n != 1 {
				t.Errorf("run %s has %d records of step %s", r.ID, n, step)
			}
		}
		if n := len(answered[r.ID]); n != len(clusterSteps) {
			t.Errorf("run %s has records of %d steps", r.ID, n)
		}
		delete(answered, r.ID)
	}
	if len(answered) > 0 {
		t.Errorf("%d runs have records, and nobody uploaded anything for them", len(answered))
	}
	for key, event := range triggers {
		if emitted[event] == "" {
			t.Errorf("%s answers event %s, which nothing emitted", key, event)
		}
	}
}

// checkClusterModels wants one version of the model for each run, without gaps,
// each deployed once.
func checkClusterModels(t *testing.T, s *store.Store) {
	r := registry.New(s, nil)
	versions, err := r.Versions(t.Context(), "many")
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for i, v := range versions {
		if v.Version != i+1 {
			t.Errorf("version %d follows version %d", v.Version, i)
		}
		if other, ok := of[v.Run]; ok {
			t.Errorf("run %s registered the versions %d and %d", v.Run, other, v.Version)
		}
		of[v.Run] = v.Version
	}
	if len(versions) != clusterRuns {
		t.Errorf("%d versions of %d runs", len(versions), clusterRuns)
	}
	moves, err := r.AliasHistory(t.Context(), "many", "champion")
	if err != nil {
		t.Fatal(err)
	}
	deployed := map[string]int{}
	for _, m := range moves {
		deployed[fmt.Sprint(m.Version)]++
	}
	for version, n := range deployed {
		if n != 1 {
			t.Errorf("version %s was deployed %d times", version, n)
		}
	}
	t.Logf("%d versions, %d moves of the alias", len(versions), len(moves))
}

// checkClusterBus wants every event acknowledged by every step.
func checkClusterBus(t *testing.T, c *nats.Cluster) {
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	b, err := jetstream.Connect(t.Context(), c.URLs(), &jetstream.Options{
		User: nats.Node, Password: c.Password(nats.Node), TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var left []string
	for _, step := range clusterSteps {
		n, err := b.Pending(t.Context(), engine.SubscriptionName("many", step))
		if n != 0 || err != nil {
			left = append(left, fmt.Sprintf("%s %d, %v", step, n, err))
		}
	}
	if len(left) > 0 {
		t.Errorf("events are not acknowledged: %s", strings.Join(left, "; "))
	}
}
