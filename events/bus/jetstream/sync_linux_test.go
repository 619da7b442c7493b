package jetstream_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/internal/testneed"
)

var (
	traceEvent  = regexp.MustCompile(`\\"id\\":\\"([^\\]+)\\"`)
	traceAccept = regexp.MustCompile(`^write\(1<.*"accepted (\S+)\\n"`)
)

// No event is accepted before an fsync of the stream's file, begun after the
// event was written there, has returned: so it survives loss of power, which
// TestKill cannot show. The system calls are watched with strace.
func TestAcceptedIsSynced(t *testing.T) {
	strace := testneed.Program(t, "strace", "apt-get install strace")
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	cmd := exec.Command(strace, "-f", "-y", "-s", "1000000", "-e", "trace=fsync,pwrite64,write", "-o", trace, os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+filepath.Join(dir, "bus"), childPrefix+"=s")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(patience, func() { out.Close() })
	said := 0
	for lines := bufio.NewScanner(out); said < 1500 && lines.Scan(); said++ {
	}
	stuck.Stop()
	out.Close() // the child dies of its next word
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if said == 0 {
		testneed.Skip(t, "strace may not trace here: allow ptrace (docker run --cap-add SYS_PTRACE)")
	}

	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var written []string            // ids in the stream's files
	synced := make(map[string]bool) // those of them that an fsync has covered
	syncing := make(map[string]int) // thread: how many were written when its fsync began
	covered, accepted, fsyncs := 0, 0, 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		thread, call, _ := strings.Cut(lines.Text(), " ")
		call = strings.TrimSpace(call)
		ours := strings.Contains(call, "/RUNNEL/msgs/") && !strings.Contains(call, "/batches/")
		switch {
		case strings.HasPrefix(call, "pwrite64(") && ours:
			for _, m := range traceEvent.FindAllStringSubmatch(call, -1) {
				written = append(written, m[1])
			}
		case strings.HasPrefix(call, "fsync(") && ours:
			syncing[thread] = len(written)
		case traceAccept.MatchString(call):
			accepted++
			if id := traceAccept.FindStringSubmatch(call)[1]; !synced[id] {
				t.Fatalf("event %s was accepted before it was synced", id)
			}
		}
		n, begun := syncing[thread]
		if begun && strings.HasSuffix(call, "= 0") && strings.Contains(call, "fsync") {
			delete(syncing, thread)
			fsyncs++
			for ; covered < n; covered++ {
				synced[written[covered]] = true
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if accepted == 0 {
		t.Fatal("the trace shows no event accepted")
	}
	t.Logf("%d events accepted, %d syncs of the stream's file", accepted, fsyncs)
}
