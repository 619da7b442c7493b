package awstest

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
)

// serveMoto says its port and serves until standard input ends.
const serveMoto = `
import logging, sys
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
`

// Moto starts moto's server, an empty cloud, until the test ends. It needs
// Python's moto[server]; the test is skipped where there is none.
func Moto(t testing.TB) *Server {
	t.Helper()
	cmd := exec.Command(testneed.Python(t, "moto.server"), "-c", serveMoto)
	return start(t, cmd, func(out *bufio.Reader) (string, error) {
		port, err := out.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("it did not say its port: %w", err)
		}
		return "http://127.0.0.1:" + strings.TrimSpace(port), nil
	}, "/moto-api/")
}
