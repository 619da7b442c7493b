//go:build unix

package service_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/internal/service"
)

func start(t *testing.T, script string) *service.Service {
	t.Helper()
	s, err := service.Start(exec.Command("sh", "-c", script))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

var errAway = errors.New("away")

func never(context.Context) error { return errAway }

// A service says its first line, is waited for, and ends with its standard input.
func TestStop(t *testing.T) {
	s := start(t, "printf fir; sleep 0.1; printf 'st\\nsecond\\n'; echo third >&2; cat; echo last")
	if line, err := s.Line(t.Context()); err != nil || line != "first" {
		t.Errorf("%q, %v", line, err)
	}
	n := 0
	if err := s.Until(t.Context(), func(context.Context) error {
		if n++; n < 3 {
			return errAway
		}
		return nil
	}); err != nil || n != 3 {
		t.Errorf("%v after %d checks", err, n)
	}
	s.Stop()
	s.Stop() // again
	for _, text := range []string{"second", "third", "last"} {
		if !strings.Contains(s.Log(), text) {
			t.Errorf("its log lacks %q: %s", text, s.Log())
		}
	}
}

// Who waits for what has ended, or past the context, is told so and why.
func TestFails(t *testing.T) {
	s := start(t, "echo no room >&2; exit 3")
	if err := s.Until(t.Context(), never); err == nil || !strings.Contains(err.Error(), "sh does not start: it has ended\nno room") {
		t.Error(err)
	}
	if _, err := s.Line(t.Context()); err == nil || !strings.Contains(err.Error(), "it has ended") {
		t.Error(err)
	}
	if err := s.Until(t.Context(), func(context.Context) error { return nil }); err == nil {
		t.Error("another program answers in its place, and that counts")
	}
	s = start(t, "cat")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Until(ctx, never); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errAway) {
		t.Error(err)
	}
	if _, err := s.Line(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if _, err := service.Start(exec.Command("/no/such/program")); err == nil {
		t.Error("what is not there was started")
	}
}

// Kill ends what the process started, too.
func TestKill(t *testing.T) {
	s := start(t, "sleep 1000 & echo $!; wait")
	line, err := s.Line(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	s.Kill()
	for _, pid := range []int{s.Pid(), child} {
		for deadline := time.Now().Add(time.Minute); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
			if state, _ := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output(); strings.HasPrefix(string(state), "Z") {
				break // it has ended; nobody has asked how
			}
			if time.Now().After(deadline) {
				t.Fatalf("process %d still runs", pid)
			}
		}
	}
}

func TestChecks(t *testing.T) {
	status := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	answers, listens := service.Answers(server.URL), service.Listens(strings.TrimPrefix(server.URL, "http://"))
	if err := answers(t.Context()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Error(err)
	}
	status = http.StatusForbidden
	if err := errors.Join(answers(t.Context()), listens(t.Context())); err != nil {
		t.Error(err)
	}
	server.Close()
	if answers(t.Context()) == nil || listens(t.Context()) == nil {
		t.Error("nobody serves there")
	}
}

func TestFreePorts(t *testing.T) {
	ports, err := service.FreePorts(50)
	if err != nil || len(ports) != 50 {
		t.Fatal(ports, err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if seen[p] || p < 1024 || p >= 32768 {
			t.Errorf("port %d", p)
		}
		seen[p] = true
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(p))
		if err != nil {
			t.Error(err)
			continue
		}
		l.Close()
	}
}
