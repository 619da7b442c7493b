package fileblob

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
)

const tracedDir = "RUNNEL_TEST_FILEBLOB_TRACED"

// TestTraced is the child of TestJournalIsSynced.
func TestTraced(t *testing.T) {
	dir := os.Getenv(tracedDir)
	if dir == "" {
		t.Skip("a child of TestJournalIsSynced")
	}
	b := openAlone(t, dir)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 40 {
				key := fmt.Sprint("w", w, "/k", i)
				if err := b.Create(t.Context(), key, []byte("x")); err != nil {
					t.Error(err)
				}
				os.Stdout.WriteString("accepted " + key + "\n")
			}
		})
	}
	wg.Wait()
}

var (
	traceEntry  = regexp.MustCompile(`(w\d+/k\d+)\.blob`)
	traceAccept = regexp.MustCompile(`^write\(1<.*"accepted (\S+)\\n"`)
	traceName   = regexp.MustCompile(`^rename.*/store/(w\d+/k\d+)\.blob"`)
)

// No blob of a bucket that is open alone is accepted, or has its name, before a
// sync of the journal, begun after the blob was written there, has returned. So
// it survives loss of power, which a killed process cannot show.
func TestJournalIsSynced(t *testing.T) {
	strace := testneed.Program(t, "strace", "apt-get install strace")
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	cmd := exec.Command(strace, "-f", "-y", "-s", "1000000", "-e", "trace=fdatasync,write,rename,renameat,renameat2", "-o", trace, os.Args[0], "-test.run=^TestTraced$")
	cmd.Env = append(os.Environ(), tracedDir+"="+filepath.Join(dir, "store"))
	var exit *exec.ExitError
	if out, err := cmd.CombinedOutput(); err != nil && !errors.As(err, &exit) || !strings.Contains(string(out), "accepted") {
		testneed.Skip(t, "strace may not trace here (%v): allow ptrace (docker run --cap-add SYS_PTRACE)", err)
	} else if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var written []string         // keys in the journal
	synced := map[string]bool{}  // those of them that a sync has covered
	syncing := map[string]int{}  // thread: how many were written when its sync began
	checked := map[string]bool{} // with a name, or accepted
	covered, syncs := 0, 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		thread, call, _ := strings.Cut(lines.Text(), " ")
		call = strings.TrimSpace(call)
		ours := strings.Contains(call, "/"+journalDir+"/")
		switch {
		case strings.HasPrefix(call, "write(") && ours:
			for _, m := range traceEntry.FindAllStringSubmatch(call, -1) {
				written = append(written, m[1])
			}
		case strings.HasPrefix(call, "fdatasync(") && ours:
			syncing[thread] = len(written)
		}
		for what, m := range map[string][]string{"accepted": traceAccept.FindStringSubmatch(call), "named": traceName.FindStringSubmatch(call)} {
			if m == nil {
				continue
			}
			if checked[what+m[1]] = true; !synced[m[1]] {
				t.Fatalf("%s was %s before it was synced", m[1], what)
			}
		}
		n, begun := syncing[thread]
		if begun && strings.HasSuffix(call, "= 0") && strings.Contains(call, "fdatasync") {
			delete(syncing, thread)
			syncs++
			for ; covered < n; covered++ {
				synced[written[covered]] = true
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(checked) != 2*8*40 {
		t.Errorf("the trace shows %d of %d", len(checked), 2*8*40)
	}
	t.Logf("%d blobs, %d syncs", len(written), syncs)
}
