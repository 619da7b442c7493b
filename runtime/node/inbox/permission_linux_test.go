package inbox

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A file that may not be read is put aside with the reason.
func TestUnreadable(t *testing.T) {
	s := newSink(t)
	dir := filepath.Join(t.TempDir(), "inbox")
	write(t, dir+"/a.csv", "secret")
	i, err := Open(dir, s.upload, options())
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	if err := os.Chmod(dir+"/a.csv", 0); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // reads everything, so this thread becomes nobody to the files
		const nobody = 65534
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		runtime.LockOSThread()
		if _, err := unix.SetfsuidRetUid(nobody); err != nil {
			t.Fatal(err)
		}
	}
	i.look()
	time.Sleep(2 * settle)
	whole, _ := i.look()
	for _, name := range whole {
		if again := i.take(t.Context(), name, 0); again != 0 {
			t.Errorf("%s again in %v", name, again)
		}
	}
	if os.Geteuid() == 0 {
		if _, err := unix.SetfsuidRetUid(0); err != nil {
			t.Fatal(err)
		}
		runtime.UnlockOSThread()
	}
	b, err := os.ReadFile(dir + "/.failed/a.csv.error")
	if err != nil || !strings.Contains(string(b), "permission denied") {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := os.Lstat(dir + "/.failed/a.csv"); err != nil || len(s.list()) > 0 {
		t.Errorf("%v, %v", err, s.list())
	}
}
