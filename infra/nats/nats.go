// Package nats holds the configuration of the three NATS servers that carry
// Runnel's events, nats.conf, and starts them as processes of this machine, for
// tests and benchmarks of what an operator applies.
package nats

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/internal/service"
)

// Config is nats.conf.
//
//go:embed nats.conf
var Config []byte

// Size is the number of servers in a cluster.
const Size = 3

// The users of the account RUNNEL.
const (
	Node   = "node"
	Worker = "worker"
)

// A Cluster is three servers, each a process of its own.
type Cluster struct {
	Servers [Size]*Server
	CA      string // file with the certificate of the authority that vouches for the servers

	dir string
}

// A Server is one of a cluster, while it runs and after.
type Server struct {
	Name, URL string

	monitor string
	env     []string
	argv    []string
	log     string
	cmd     *exec.Cmd
	ended   chan struct{}
}

// Program is the environment variable that names a nats-server to use in place
// of one that is built.
const Program = "RUNNEL_NATS_SERVER"

// Start builds nats-server from the module that this program is built from, for
// which the Go command is needed, and starts a cluster of it with Config on free
// ports. Its files go to dir. It returns when the cluster takes streams.
func Start(ctx context.Context, dir string) (*Cluster, error) {
	c := &Cluster{dir: dir, CA: filepath.Join(dir, "ca.crt")}
	binary, conf := os.Getenv(Program), filepath.Join(dir, "nats.conf")
	if binary == "" {
		binary = filepath.Join(dir, "nats-server")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building nats-server: %w: %s", err, out)
		}
	}
	if err := os.WriteFile(conf, Config, 0o600); err != nil {
		return nil, err
	}
	if err := Certify(dir); err != nil {
		return nil, fmt.Errorf("making certificates: %w", err)
	}
	ports, err := service.FreePorts(3 * Size)
	if err != nil {
		return nil, err
	}
	at := func(i int) string { return fmt.Sprint("127.0.0.1:", ports[i]) }
	var routes []string
	for i := range Size {
		routes = append(routes, "nats-route://"+at(Size+i))
	}
	list, err := json.Marshal(routes)
	if err != nil {
		return nil, err
	}
	for i := range c.Servers {
		name := "nats-" + string(rune('a'+i))
		c.Servers[i] = &Server{
			Name: name, URL: "tls://" + at(i), monitor: "http://" + at(2*Size+i), argv: []string{binary, "-c", conf},
			log: filepath.Join(dir, name+".log"),
			env: []string{
				"NATS_NAME=" + name, "NATS_LISTEN=" + at(i), "NATS_CLUSTER=" + at(Size+i), "NATS_MONITOR=" + at(2*Size+i), "NATS_ROUTES=" + string(list),
				"NATS_STORE=" + filepath.Join(dir, name), "NATS_CA=" + c.CA,
				"NATS_CERT=" + filepath.Join(dir, "server.crt"), "NATS_KEY=" + filepath.Join(dir, "server.key"),
				"NATS_NODE_PASSWORD=" + password(Node), "NATS_WORKER_PASSWORD=" + password(Worker), "NATS_ADMIN_PASSWORD=" + password("admin"),
			},
		}
	}
	for _, s := range c.Servers {
		if err := s.Start(); err != nil {
			return nil, errors.Join(err, c.Stop())
		}
	}
	if err := c.ready(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// password is that of a user of a cluster that Start made, which nothing but
// this machine's loopback reaches.
func password(user string) string { return "secret-of-" + user }

// URLs names all servers, as the flag --nats takes them.
func (c *Cluster) URLs() string {
	var urls []string
	for _, s := range c.Servers {
		urls = append(urls, s.URL)
	}
	return strings.Join(urls, ",")
}

// Env lets a runnel command in as a user of the cluster.
func (c *Cluster) Env(user string) []string {
	return []string{"RUNNEL_NATS=" + c.URLs(), "RUNNEL_NATS_CA=" + c.CA, "RUNNEL_NATS_USER=" + user, "RUNNEL_NATS_PASSWORD=" + password(user)}
}

// Password gives that of a user.
func (c *Cluster) Password(user string) string { return password(user) }

// Stop kills what runs of the cluster.
func (c *Cluster) Stop() error {
	for _, s := range c.Servers {
		s.Kill()
	}
	return nil
}

// Leader gives the server that leads the stream.
func (c *Cluster) Leader(ctx context.Context, stream string) (*Server, error) {
	for _, s := range c.Servers {
		var at struct {
			Accounts []struct {
				Streams []struct {
					Name    string
					Cluster struct{ Leader string }
				} `json:"stream_detail"`
			} `json:"account_details"`
		}
		if s.get(ctx, "/jsz?accounts=true&streams=true", &at) != nil {
			continue
		}
		for _, a := range at.Accounts {
			for _, st := range a.Streams {
				for _, l := range c.Servers {
					if st.Name == stream && st.Cluster.Leader == l.Name {
						return l, nil
					}
				}
			}
		}
	}
	return nil, fmt.Errorf("no server says who leads the stream %s", stream)
}

// ready waits until the servers have found each other, and have a leader.
func (c *Cluster) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, s := range c.Servers {
		for {
			var js struct {
				Meta struct {
					Leader string
					Size   int `json:"cluster_size"`
				} `json:"meta_cluster"`
			}
			if s.get(ctx, "/jsz", &js) == nil && js.Meta.Leader != "" && js.Meta.Size == Size && s.get(ctx, "/healthz", nil) == nil {
				break
			}
			select {
			case <-s.ended:
			case <-time.After(50 * time.Millisecond):
				continue
			case <-ctx.Done():
			}
			log, _ := os.ReadFile(s.log)
			return fmt.Errorf("%s is not ready: %w\n%s", s.Name, ctx.Err(), log[max(0, len(log)-4000):])
		}
	}
	return nil
}

// Start starts the server, again after Kill.
func (s *Server) Start() error {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(s.argv[0], s.argv[1:]...)
	s.cmd.Env = append(os.Environ(), s.env...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.ended = ended
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait() // its log says why
		close(ended)
	}(s.cmd)
	return nil
}

// Kill ends the server as kill -9 does, and waits until it has ended.
func (s *Server) Kill() {
	if s == nil || s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
}

// get asks the server's monitoring.
func (s *Server) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.monitor+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s: %s", s.monitor, path, res.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(into)
}
