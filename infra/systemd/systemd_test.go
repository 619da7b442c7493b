// Package systemd_test checks the units with systemd's own tools.
package systemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
)

// The units are ones that systemd takes without a warning, and leave little open.
func TestUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		testneed.Skip(t, "systemd-analyze: apt-get install systemd")
	}
	program := regexp.MustCompile(`/usr/local/bin/\S+`) // not installed here
	for _, unit := range []string{"runnel.service", "runnel-worker@.service", "../nats/nats.service"} {
		b, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), strings.Replace(filepath.Base(unit), "@", "@1", 1))
		if err := os.WriteFile(file, program.ReplaceAll(b, []byte("/bin/true")), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", unit, err, out)
		}
		if out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=20", file).CombinedOutput(); err != nil {
			t.Errorf("%s is exposed by more than 2.0 of 10: %v\n%s", unit, err, out)
		}
	}
}
