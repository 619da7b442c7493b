package wasm

import "strings"

// maxHeadline is how many bytes of standard error an error's text may hold; its
// detail has the rest.
const maxHeadline = 500

// headline is the line of a guest's standard error that says why it ended, after
// ": ": that of its panic, else the last that is no indented frame of a stack;
// "" where nothing was said.
func headline(stderr string) string {
	if p := panicked(stderr); p != "" {
		return p
	}
	said := ""
	for line := range strings.Lines(stderr) {
		text := strings.TrimSpace(line)
		framed := line[0] == '\t' || line[0] == ' '
		if text != "" && (!framed || said == "") {
			said = text
		}
	}
	return after(said)
}

// panicked is the last panic on standard error, after ": ", as the runtimes of Go
// and of Rust tell of one; "" where there is none.
func panicked(stderr string) string {
	said, at := "", ""
	for line := range strings.Lines(stderr) {
		text := strings.TrimSpace(line)
		switch {
		case at != "": // Rust's message is on the line below
			said, at = at+" "+text, ""
		case strings.HasPrefix(line, "panic: "), strings.HasPrefix(line, "fatal error: "):
			said = text
		case strings.HasPrefix(line, "thread '") && strings.Contains(line, " panicked at "):
			said = text
			if strings.HasSuffix(text, ":") {
				at = text
			}
		}
	}
	return after(said)
}

func after(said string) string {
	if said == "" {
		return ""
	}
	if len(said) > maxHeadline {
		said = strings.ToValidUTF8(said[:maxHeadline], "")
	}
	return ": " + said
}
