package main

import (
	"testing"

	"pgregory.net/rapid"
)

func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"a\tb\nc":                         "a\tb\nc",
		"\x1b[31mred\x1b[0m":              "\x1b[31mred\x1b[0m",
		"\x1b]0;owned\x07.csv":            "\ufffd]0;owned\ufffd.csv", // the title
		"\x1b]52;c;cm0=\x1b\\":            "\ufffd]52;c;cm0=\ufffd\\", // the clipboard
		"\x1b[2J\x1b[1A\r":                "\ufffd[2J\ufffd[1A\ufffd",
		"\x1b[31":                         "\ufffd[31",
		"\x9b2J, \u009b2J, \x00, \x7f, é": "\ufffd2J, \ufffd2J, \ufffd, \ufffd, é",
	} {
		if got := harmless(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if once := harmless(text); harmless(once) != once {
			t.Errorf("%q is shown as %q, and that otherwise", text, once)
		}
	})
}
