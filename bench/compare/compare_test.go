package compare

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestMiddle(t *testing.T) {
	ours := []Turn{{Wall: 1, CPU: 2, Peak: 5 << 20}, {Wall: 2, CPU: 2, Peak: 7 << 20}, {Wall: 1, CPU: 2}}
	theirs := []Turn{{Wall: 10, CPU: 8, Peak: 9 << 20}, {Wall: 10, CPU: 10}, {Wall: 30, CPU: 40}}
	l := Middle("job", "peer", ours, theirs)
	if l.Ratio != 10 || l.Low != 5 || l.High != 30 || l.CPU != 5 || l.Rounds != 3 {
		t.Errorf("got %+v", l)
	}
	want := "| job | peer | 10.0 | 3: 5.00 to 30.0 | 5.00 | 7 / 9 MiB |  |\n"
	if got := Table([]Line{l}); !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want %q at the end", got, want)
	}
}

// What was not measured is not shown.
func TestNothing(t *testing.T) {
	l := Middle("job", "peer", []Turn{{Wall: 1}}, []Turn{{Wall: 2}})
	want := "| job | peer | 2.00 |  |  |  |  |\n"
	if got := Table([]Line{l}); !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want %q at the end", got, want)
	}
}

func TestRun(t *testing.T) {
	turn, err := Run("sh", "-c", "echo '[1]'")
	if err != nil {
		t.Fatal(err)
	}
	var v []int
	if err := turn.JSON(&v); err != nil || len(v) != 1 || turn.Wall <= 0 {
		t.Errorf("%v, %v, %+v", v, err, turn)
	}
	if _, err := Run("sh", "-c", "echo why >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("the error is %v: it does not say why", err)
	}
}

// Each side takes its turns, with the round as its seed where it wants that.
func TestTurns(t *testing.T) {
	self := filepath.Join(t.TempDir(), "self")
	if err := os.WriteFile(self, []byte("#!/bin/sh\n[ \"$1 $2 $3\" = '-fit case -seed' ] && echo \"{\\\"fit\\\": 2, \\\"busy\\\": 1, \\\"score\\\": $4}\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	peer := []string{"sh", "-c", `echo "{\"fit\": 6, \"busy\": 4, \"row\": 3, \"score\": 1${0%sh}}"`}
	var got []string
	c := Case{ID: "case", Job: "job",
		Peers: func() ([]Peer, error) {
			return []Peer{{Name: "always", Argv: peer, Seeded: true}, {Name: "once", Argv: peer, Once: true}}, nil
		},
		Lines: func(job, peer string, ours, theirs []Side) ([]Line, error) {
			l := Fits(job, peer, ours, theirs)
			got = append(got, fmt.Sprint(l.Job, " ", l.Peer, " ", l.Ratio, l.CPU, l.Rounds, " ", Score(ours), Score(theirs)))
			return nil, nil
		}}
	lines, err := c.turns(self, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range lines {
		if _, err := of(); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"job always 3 4 3 1 11", "job once 3 4 1 0 1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
