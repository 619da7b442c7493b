package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The colours of a terminal.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// screenOf is the width of the terminal that w is; 0 where it is none, and text
// is not laid out for the eye.
func screenOf(w io.Writer) int {
	if s, ok := w.(shown); ok {
		w = s.Writer
	}
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return 0
	}
	return screen(f)
}

func terminal(w io.Writer) bool { return screenOf(w) > 0 }

// style colours text where w is a terminal and NO_COLOR is not set.
func (a *app) style(w io.Writer, code, text string) string {
	if os.Getenv("NO_COLOR") != "" || !terminal(w) {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// columns lays rows out in columns, those numbered in right aligned to the
// right. On a terminal the last column is broken into lines that fit.
func columns(w io.Writer, rows [][]string, right ...int) {
	var widths []int
	for _, r := range rows {
		for i, cell := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(cell))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		at := 0
		for i, cell := range r {
			pad := strings.Repeat(" ", widths[i]-width(cell))
			switch {
			case slices.Contains(right, i):
				b.WriteString(pad + cell)
			case i == len(r)-1:
				b.WriteString(hang(cell, at, screenOf(w)))
			default:
				b.WriteString(cell + pad)
			}
			if i < len(r)-1 {
				b.WriteString("  ")
			}
			at += widths[i] + 2
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// hang breaks text that starts in a column into lines that end before another,
// the later ones indented to where it starts. Where that is too narrow for
// words, or to is 0, the text stays as it is.
func hang(text string, from, to int) string {
	if to-from < 24 || from+width(text) <= to {
		return text
	}
	var b strings.Builder
	at := from
	for i, word := range strings.Fields(text) {
		switch n := width(word); {
		case i == 0:
			at += n
		case at+1+n > to:
			b.WriteString("\n" + strings.Repeat(" ", from))
			at = from + n
		default:
			b.WriteByte(' ')
			at += 1 + n
		}
		b.WriteString(word)
	}
	return b.String()
}

// bullet writes a line that, where it is broken, goes on below its first word.
func (a *app) bullet(line string) {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	fmt.Fprintln(a.out, line[:indent]+hang(line[indent:], indent, screenOf(a.out)))
}

// width is the number of columns that text takes, colours left out.
func width(s string) int {
	n := utf8.RuneCountInString(s)
	for {
		i := strings.Index(s, "\x1b[")
		if i < 0 {
			return n
		}
		j := strings.IndexByte(s[i:], 'm')
		if j < 0 {
			return n
		}
		n -= j + 1
		s = s[i+j+1:]
	}
}

func seconds(s float64) string {
	s = max(0, s) // clocks are set back
	switch {
	case s < 0.0995:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s < 9.95:
		return fmt.Sprintf("%.2f s", s)
	case s < 120:
		return fmt.Sprintf("%.1f s", s)
	}
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}

// count writes a number with its thousands apart.
func count(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func ago(t time.Time) string {
	d := time.Since(t)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return t.Format("2006-01-02")
}
