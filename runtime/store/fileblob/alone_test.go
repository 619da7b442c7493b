package fileblob

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gocloud.dev/blob/driver"
)

// A bucket that is open alone is opened by nobody else, in no process; one that
// others have open is not had alone.
func TestAlone(t *testing.T) {
	dir := t.TempDir()
	b := openAlone(t, dir)
	for _, alone := range []bool{false, true} {
		if _, err := open(dir, alone); !errors.Is(err, ErrAlone) {
			t.Error(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	c := openTest(t, dir)
	d, err := open(dir, true)
	if err != nil || d.journal != nil {
		t.Fatalf("alone beside another: %v", err)
	}
	if err := c.Create(t.Context(), "k", nil); err != nil {
		t.Error(err)
	}
	if err := d.Create(t.Context(), "k", nil); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	d.Close()
	c.Close()
	openAlone(t, dir)
}

// A blob whose place in the journal was not synced is not there, and another may
// take its place, which is the one that a crash brings back.
func TestJournalFails(t *testing.T) {
	broken := errors.New("the disk is broken")
	dir := t.TempDir()
	b := openAlone(t, dir)
	if err := b.Create(t.Context(), "a/before", []byte("x")); err != nil {
		t.Fatal(err)
	}
	b.faults.syncFile = func(f *os.File) error {
		if strings.Contains(f.Name(), journalDir) {
			return broken
		}
		return nil
	}
	for range 3 {
		if err := b.Create(t.Context(), "a/k", []byte("never accepted")); !errors.Is(err, broken) {
			t.Fatal(err)
		}
	}
	if got := files(t, dir); strings.Contains(fmt.Sprint(got), "k.blob") {
		t.Errorf("files: %q", got)
	}
	b.journal.retiring.Wait() // it asks for faults
	b.faults = faults{}
	if err := b.Create(t.Context(), "a/k", []byte("accepted")); err != nil {
		t.Fatal(err)
	}
	lost := t.TempDir()
	if err := crash(dir, lost, func(string) []byte { return []byte("garbage") }); err != nil {
		t.Fatal(err)
	}
	after := openTest(t, lost)
	if got, err := after.ReadAll(t.Context(), "a/k"); string(got) != "accepted" {
		t.Errorf("%q, %v", got, err)
	}
}

// While the files of a segment cannot be synced, the segment stays, and no
// further one is begun; the next to open the bucket does what was left.
func TestJournalStays(t *testing.T) {
	broken := errors.New("the disk is broken")
	dir := t.TempDir()
	b := openAlone(t, dir)
	if err := b.Create(t.Context(), "a/k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	b.faults.syncDir = func(string) error { return broken }
	b.journal.retire()
	b.journal.retiring.Wait()
	if err := b.Create(t.Context(), "a/l", []byte("x")); !errors.Is(err, broken) || !strings.Contains(err.Error(), "open it again") {
		t.Error(err)
	}
	b.faults = faults{}
	if err := b.Close(); !errors.Is(err, broken) {
		t.Errorf("Close: %v", err)
	}
	if left := segments(t, dir); len(left) != 1 {
		t.Errorf("segments: %q", left)
	}
	if err := os.WriteFile(filepath.Join(dir, "a/k.blob"), nil, fileMode); err != nil { // what the disk had
		t.Fatal(err)
	}
	after := openAlone(t, dir)
	if got, err := after.ReadAll(t.Context(), "a/k"); string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	if left := segments(t, dir); len(left) != 0 {
		t.Errorf("segments: %q", left)
	}
}

// A file whose removal did not reach the disk is removed again.
func TestJournalDeletes(t *testing.T) {
	dir := t.TempDir()
	b := openAlone(t, dir)
	for _, key := range []string{"a/k", "a/l"} {
		if err := b.Create(t.Context(), key, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Delete(t.Context(), "a/k", &driver.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	lost := t.TempDir()
	if err := crash(dir, lost, func(string) []byte { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lost, "a/k.blob"), []byte("x"), fileMode); err != nil {
		t.Fatal(err)
	}
	openTest(t, lost)
	if got := files(t, lost); fmt.Sprint(got) != "[a/l.blob]" {
		t.Errorf("files: %q", got)
	}
}

// A segment stays until the files of its entries are there.
func TestJournalWaits(t *testing.T) {
	dir := t.TempDir()
	b := openAlone(t, dir)
	placed, err := b.journal.append(opPut, "k.blob", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	b.journal.retire()
	time.Sleep(20 * time.Millisecond)
	if left := segments(t, dir); len(left) != 1 {
		t.Errorf("segments: %q", left)
	}
	if err := b.place("k.blob", []byte("x")); err != nil {
		t.Fatal(err)
	}
	placed()
	b.journal.retiring.Wait()
	if left := segments(t, dir); len(left) != 0 || b.journal.has("k.blob") {
		t.Errorf("segments: %q", left)
	}
}

// createUntilKilled is the child of TestJournalKilled.
func createUntilKilled(t *testing.T, dir string) {
	b := openAlone(t, dir)
	id := rand.Uint64()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprint(w, "/", id, "-", i)
				if err := b.Create(context.Background(), key, []byte(strings.Repeat(key, 1+i%500)+"\n")); err != nil {
					t.Error(err)
					return
				}
				if i%3 == 2 {
					gone := fmt.Sprint(w, "/", id, "-", i-1)
					fmt.Println("deleting", gone)
					if err := b.Delete(context.Background(), gone, &driver.DeleteOptions{}); err != nil {
						t.Error(err)
						return
					}
					fmt.Println("deleted", gone)
				}
				fmt.Println("made", key)
			}
		})
	}
	wg.Wait()
}

// A process that has the bucket alone is killed again and again. What it made is
// there, whole, and what it deleted is not; whoever opens the bucket next, alone
// or not, finds it so.
func TestJournalKilled(t *testing.T) {
	dir := t.TempDir()
	made, deleted := map[string]bool{}, map[string]bool{}
	for round := range 12 {
		cmd, lines := child(t, dir, childDir+"_CREATE=1")
		for n := 0; lines.Scan(); n++ {
			what, key, _ := strings.Cut(lines.Text(), " ")
			switch what {
			case "made":
				made[key] = true
			case "deleting":
				delete(made, key) // may be there or not
			case "deleted":
				deleted[key] = true
			default:
				t.Error(lines.Text())
			}
			if n == 0 {
				time.AfterFunc(rand.N(150*time.Millisecond), func() { cmd.Process.Kill() })
			}
		}
		cmd.Wait()
		b, err := open(dir, round%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		page, err := b.ListPaged(t.Context(), &driver.ListOptions{PageSize: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		for _, o := range page.Objects {
			key := o.Key
			there[key] = true
			got, err := b.ReadAll(t.Context(), key)
			if err != nil || strings.Count(string(got), key)*len(key)+1 != len(got) {
				t.Errorf("%s has %d bytes, %v", key, len(got), err)
			}
		}
		for key := range deleted {
			if there[key] {
				t.Errorf("round %d: %s is back", round, key)
			}
		}
		for key := range made {
			if !there[key] {
				t.Errorf("round %d: %s is lost", round, key)
			}
		}
		if got := segments(t, dir); len(got) > 0 {
			t.Errorf("segments: %q", got)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(made) < 500 {
		t.Errorf("only %d were made", len(made))
	}
}
