package jetstream_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/internal/service"
)

// With three replicas, a server of three may go without an event being lost or
// held up for long.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	var routes []*url.URL
	ports, err := service.FreePorts(3)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ports {
		routes = append(routes, &url.URL{Scheme: "nats-route", Host: fmt.Sprintf("127.0.0.1:%d", p)})
	}
	var servers []*server.Server
	var urls []string
	for i, p := range ports {
		o := &server.Options{ServerName: fmt.Sprint("s", i), StoreDir: t.TempDir(), Port: server.RANDOM_PORT, Routes: routes}
		o.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: p}
		servers = append(servers, startServer(t, o))
		urls = append(urls, servers[i].ClientURL())
	}
	b := connectWhenReady(t, strings.Join(urls, ","))
	defer b.Close()
	r := receive(t, b, "all")
	var mu sync.Mutex
	var accepted []string
	publishMany := func(name string) {
		var wg sync.WaitGroup
		for p := range 30 {
			wg.Go(func() {
				for i := range 5 {
					id := fmt.Sprintf("%s-%d-%d", name, p, i)
					deadline := time.Now().Add(patience)
					for err := b.Publish(t.Context(), newEvent(id)); err != nil; err = b.Publish(t.Context(), newEvent(id)) {
						if time.Now().After(deadline) {
							t.Error(err)
							return
						}
						time.Sleep(100 * time.Millisecond)
					}
					mu.Lock()
					accepted = append(accepted, id)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	}
	publishMany("with three")
	for _, s := range servers {
		if s.JetStreamIsStreamLeader("$G", "RUNNEL") {
			s.Shutdown()
			s.WaitForShutdown()
			break
		}
	}
	publishMany("with two")
	r.want(t, accepted...)
}

// connectWhenReady connects once the cluster has a leader.
func connectWhenReady(t *testing.T, urls string) *jetstream.Bus {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		b, err := jetstream.Connect(t.Context(), urls, &jetstream.Options{Replicas: 3, MaxBytes: 64 << 20})
		if err == nil {
			return b
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
