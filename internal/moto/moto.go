// Package moto starts moto's server: S3, SQS, EventBridge and many more services
// of AWS as one process of this machine, all in memory, over real HTTP.
package moto

import (
	"context"
	"fmt"
	"os/exec"

	"github.com/runnel-dev/runnel/internal/service"
)

// What the server is used with. The credentials open nothing else.
const (
	Region  = "us-east-1"
	Account = "123456789012" // all that is made is this account's
	Key     = "runnel-test"
	Secret  = "runnel-test-secret"
)

// serve says the server's address, and serves until standard input ends.
const serve = `
import logging, sys
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
`

// A Server is an empty cloud, until it is stopped.
type Server struct {
	URL string // http://127.0.0.1:port

	*service.Service
}

// Start starts a server by a Python that has moto[server].
func Start(ctx context.Context, python string) (*Server, error) {
	p, err := service.Start(exec.Command(python, "-c", serve))
	if err != nil {
		return nil, err
	}
	s := &Server{Service: p}
	if s.URL, err = p.Line(ctx); err == nil {
		err = p.Until(ctx, service.Answers(s.URL+"/moto-api/"))
	}
	if err != nil {
		p.Kill()
		return nil, fmt.Errorf("moto's server (scripts/venv makes a Python that has it): %w", err)
	}
	return s, nil
}
