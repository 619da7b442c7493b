package exchangetest

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/learn/model"
)

// Hostile reads a file that says that it holds far more than it does: it is read,
// or refused with an error that says want, in few seconds, and without allocating
// more than so many megabytes in all.
func Hostile(t *testing.T, file []byte, read func(file []byte) (*model.Model, error), want string, megabytes uint64) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	from := time.Now()
	_, err := read(file)
	took := time.Since(from)
	runtime.ReadMemStats(&after)
	switch {
	case want == "" && err != nil:
		t.Errorf("it is refused: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("error %v, want %q", err, want)
	}
	if took > 20*time.Second { // of a machine that has other work, too
		t.Errorf("a file of %d bytes took %v", len(file), took)
	}
	if all := (after.TotalAlloc - before.TotalAlloc) >> 20; all > megabytes {
		t.Errorf("a file of %d bytes took %d MB, want %d at most", len(file), all, megabytes)
	}
}
