//go:build unix

package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"testing"

	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/infra/nats"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/nodetest"
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
	checkClusterRecords(t, nodetest.ReadRecords(t, s, nil), runs)
	checkClusterModels(t, s)
	nodetest.NoFailures(t, s)
	checkClusterBus(t, c)
}

// checkClusterRecords wants one record of each step of each run, which answers
// the upload or an event of another.
func checkClusterRecords(t *testing.T, found nodetest.Records, runs []engine.Run) {
	for _, r := range runs {
		found.Emitted[r.ID] = "the upload"
		for _, step := range clusterSteps {
			if n := found.Steps[r.ID][step]; n != 1 {
				t.Errorf("run %s has %d records of step %s", r.ID, n, step)
			}
		}
		if n := len(found.Steps[r.ID]); n != len(clusterSteps) {
			t.Errorf("run %s has records of %d steps", r.ID, n)
		}
		delete(found.Steps, r.ID)
	}
	if len(found.Steps) > 0 {
		t.Errorf("%d runs have records, and nobody uploaded anything for them", len(found.Steps))
	}
	for key, event := range found.Answers {
		if found.Emitted[event] == "" {
			t.Errorf("%s answers event %s, which nothing emitted", key, event)
		}
	}
}

// checkClusterModels wants one version of the model for each run, without gaps,
// each deployed once.
func checkClusterModels(t *testing.T, s *store.Store) {
	versions := nodetest.Versions(t, s, "many")
	if len(versions) != clusterRuns {
		t.Errorf("%d versions of %d runs", len(versions), clusterRuns)
	}
	moves, err := registry.New(s, nil).AliasHistory(t.Context(), "many", "champion")
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
	nodetest.Acknowledged(t, b, "many", clusterSteps)
}
