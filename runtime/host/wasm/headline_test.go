package wasm

import (
	"strings"
	"testing"
)

func TestHeadline(t *testing.T) {
	goStack := "\ngoroutine 1 [running]:\nmain.step(...)\n\tmygo/main.go:23\nmain.main()\n\tmygo/main.go:12 +0x25\n"
	for name, c := range map[string]struct{ stderr, want, panicked string }{
		"nothing":         {"", "", ""},
		"blank":           {" \n\n", "", ""},
		"a line":          {"reading\nno such column\n\n", ": no such column", ""},
		"Go panics":       {"reading\npanic: no such column\n" + goStack, ": panic: no such column", ": panic: no such column"},
		"Go panics twice": {"panic: first [recovered]\n\tpanic: second\n" + goStack, ": panic: first [recovered]", ": panic: first [recovered]"},
		"Go's fatal":      {"fatal error: all goroutines are asleep - deadlock!\n" + goStack, ": fatal error: all goroutines are asleep - deadlock!", ": fatal error: all goroutines are asleep - deadlock!"},
		"logged, then panics": {"panic: one that was caught\npanic: the last\n" + goStack,
			": panic: the last", ": panic: the last"},
		"Rust panics": {"thread 'main' panicked at src/main.rs:4:5:\nno such column\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
			": thread 'main' panicked at src/main.rs:4:5: no such column", ": thread 'main' panicked at src/main.rs:4:5: no such column"},
		"Rust of old": {"thread 'main' panicked at 'no such column', src/main.rs:4:5\nnote: run with ...\n",
			": thread 'main' panicked at 'no such column', src/main.rs:4:5", ": thread 'main' panicked at 'no such column', src/main.rs:4:5"},
		"Rust, cut short":   {"thread 'main' panicked at src/main.rs:4:5:\n", ": thread 'main' panicked at src/main.rs:4:5:", ": thread 'main' panicked at src/main.rs:4:5:"},
		"frames after":      {"it broke\n\tat a\n    at b\n", ": it broke", ""},
		"only frames":       {"\tat a\n\tat b\n", ": at a", ""},
		"speaks of a panic": {"do not panic: it is well\n", ": do not panic: it is well", ""},
		"long":              {strings.Repeat("x", 499) + "é and more", ": " + strings.Repeat("x", 499), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := headline(c.stderr); got != c.want {
				t.Errorf("headline %q, want %q", got, c.want)
			}
			if got := panicked(c.stderr); got != c.panicked {
				t.Errorf("panicked %q, want %q", got, c.panicked)
			}
		})
	}
}
