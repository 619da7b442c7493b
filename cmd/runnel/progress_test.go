package main

import (
	"strings"
	"testing"
	"time"
)

// Off a terminal there is a line within a second where there is news, none where
// there is none, and one every few seconds all the same.
func TestProgressOffATerminal(t *testing.T) {
	var out strings.Builder
	p := (&app{err: &out}).newProgress("a.csv", "")
	step := func(quiet time.Duration, done string, want string) {
		t.Helper()
		out.Reset()
		p.spoke = time.Now().Add(-quiet)
		p.draw(nil, []doing{{key: "train", name: "train", done: done, since: time.Now()}})
		if got := out.String(); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("after %v, at %q: says %q, want %q", quiet, done, got, want)
		}
	}
	step(100*time.Millisecond, "", "")
	step(soon+time.Millisecond, "", "… train")
	step(soon+time.Millisecond, "", "")
	step(soon/2, "10 trees", "")
	step(soon+time.Millisecond, "10 trees", "10 trees")
	step(4*time.Second, "10 trees", "")
	step(late+time.Millisecond, "10 trees", "10 trees")
}
