//go:build unix

package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/runnel-dev/runnel/internal/awstest"
)

// A node and two workers that share nothing but a bus and a bucket.
func TestWorkersOverS3(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an S3 service, a node and two workers")
	}
	s3 := awstest.Versity(t)
	s3.Environ(t)
	s3.Bucket(t, "shared")
	dir := t.TempDir()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, StoreDir: dir, JetStream: true, SyncAlways: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(time.Minute) {
		t.Fatal("the NATS server did not start")
	}
	definition := filepath.Join(dir, "many.yaml")
	if err := os.WriteFile(definition, []byte(clusterPipeline), 0o600); err != nil {
		t.Fatal(err)
	}
	shared := []string{"RUNNEL_NATS=" + srv.ClientURL(), "RUNNEL_STORE=" + s3.Location("shared", "team")}
	folder := filepath.Join(dir, "node")
	up := launch(t, shared, "--data", folder, "up", "--functions", "none", "-p", definition, "--listen", "127.0.0.1:0", "--s3", "")
	api := waitForNode(t, folder)
	var workers []*process
	for range 2 {
		w := launch(t, shared, "worker", "--listen", "")
		w.says(t, "  Steps      8 so far")
		workers = append(workers, w)
	}
	const runs = 10
	u := &uploaded{run: map[string]string{}}
	keys := make(chan int, runs)
	for i := range runs {
		keys <- i
	}
	close(keys)
	var feeding sync.WaitGroup
	for range 3 {
		feeding.Go(func() { u.feed(t, api, keys) })
	}
	feeding.Wait()
	begin := time.Now()
	u.waitForRuns(t, api)
	models, err := api.Models(t.Context())
	if err != nil || len(models) != 1 || len(models[0].Versions) != runs {
		t.Errorf("the models are %+v, %v", models, err)
	}
	t.Logf("%d runs, %v after the last upload", runs, time.Since(begin).Round(time.Millisecond))
	for _, w := range workers {
		w.stop(t, "stopped: nothing was left")
	}
	up.stop(t, "stopping")
}
