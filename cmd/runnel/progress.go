package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
)

// progress shows a run while it is on: a line for each step that ended, and
// below them, on a terminal, those at work.
type progress struct {
	a     *app
	width int             // of the terminal; 0: none, where no line can be drawn again
	shown map[string]bool // by step and event
	spoke time.Time

	mu    sync.Mutex // an upload is read by another goroutine
	drawn int        // lines that the next frame takes away
}

func (a *app) newProgress(source, target string) *progress {
	p := &progress{a: a, width: screenOf(a.err), shown: map[string]bool{}, spoke: time.Now()}
	if a.json {
		p.width = 0
	}
	what := source
	if target != "" {
		what += " → " + target
	}
	a.say("%s", a.style(a.err, bold, what))
	return p
}

// follow shows the run until it ends.
func (p *progress) follow(ctx context.Context, c *connection, id string) (*api.RunState, error) {
	defer p.end()
	wait := 5 * time.Millisecond
	for {
		st, err := c.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		p.show(&st)
		if st.State != engine.Running {
			return &st, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, 100*time.Millisecond)
	}
}

func (p *progress) show(st *api.RunState) {
	var ended, working []string
	for _, rec := range st.Steps {
		key := rec.Step + rec.Event + rec.DeadLetter
		if !p.shown[key] {
			p.shown[key] = true
			ended = append(ended, p.line(rec))
		}
	}
	if st.State == engine.Running {
		for _, act := range st.Active {
			working = append(working, work(act))
		}
	}
	p.draw(ended, working)
}

// uploading shows how much of a file was sent.
func (p *progress) uploading(f *os.File) io.Reader {
	c := &counted{Reader: f, p: p, started: time.Now(), shown: time.Now()}
	if info, err := f.Stat(); err == nil {
		c.size = info.Size()
	}
	return c
}

type counted struct {
	io.Reader
	p              *progress
	size, sent     int64 // size is 0 where it is not known: of a pipe
	started, shown time.Time
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.sent += int64(n)
	if time.Since(c.shown) > 100*time.Millisecond {
		c.shown = time.Now()
		done := fmt.Sprintf("%d MB", c.sent>>20)
		if c.size > 0 {
			done = fmt.Sprintf("%d/%d MB", c.sent>>20, c.size>>20)
		}
		c.p.draw(nil, []string{fmt.Sprintf("%-10s %14s  %8s", "upload", done, seconds(time.Since(c.started).Seconds()))})
	}
	return n, err
}

// line is what there is to say of a step that ended.
func (p *progress) line(rec engine.Record) string {
	mark := p.a.style(p.a.err, green, "✓")
	var notes []string
	switch {
	case rec.Status == engine.Failed:
		mark = p.a.style(p.a.err, red, "✗")
		notes = append(notes, "failed")
	case rec.Status == engine.Gated:
		mark = p.a.style(p.a.err, yellow, "■")
		notes = append(notes, "stopped by a gate")
	case rec.Cached:
		notes = append(notes, "cached")
	}
	if rec.Attempts > 1 {
		notes = append(notes, fmt.Sprintf("%d attempts", rec.Attempts))
	}
	rows := ""
	if rec.Rows > 0 {
		rows = count(rec.Rows) + " rows"
	}
	line := fmt.Sprintf("  %s %-10s %14s  %8s", mark, rec.Step, rows, seconds(rec.Seconds))
	if len(notes) > 0 {
		line += "  " + p.a.style(p.a.err, dim, strings.Join(notes, ", "))
	}
	return line
}

// work says what a step is at.
func work(act api.Active) string {
	if !act.RetryAt.IsZero() {
		return fmt.Sprintf("%-10s attempt %d failed, again in %s: %s", act.Step, act.Attempt, seconds(max(0, time.Until(act.RetryAt).Seconds())), act.Failure.Message)
	}
	done := ""
	switch pr := act.Progress; {
	case pr.Total > 0:
		done = fmt.Sprintf("%s/%s %s", count(pr.Done), count(pr.Total), pr.Unit)
	case pr.Done > 0:
		done = count(pr.Done) + " " + pr.Unit
	}
	return fmt.Sprintf("%-10s %14s  %8s", act.Step, done, seconds(time.Since(act.StartedAt).Seconds()))
}

// draw adds the lines of what ended and, on a terminal, shows what is at work
// below them, in the place of what was shown there before: in one write, so
// that nothing flickers. Off a terminal it says every few seconds what goes on.
func (p *progress) draw(ended, working []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	if p.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\x1b[J", p.drawn)
		p.drawn = 0
	}
	for _, line := range ended {
		b.WriteString(line + "\n")
		p.spoke = time.Now()
	}
	spinner := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	turn := spinner[time.Now().UnixMilli()/100%int64(len(spinner))]
	for _, what := range working {
		if p.width > 0 {
			what = cut(what, p.width-5) // what the terminal broke would take two lines
			fmt.Fprintf(&b, "  %s %s\n", p.a.style(p.a.err, yellow, string(turn)), what)
			p.drawn++
		} else if time.Since(p.spoke) > 5*time.Second && !p.a.json {
			b.WriteString("  … " + strings.TrimRight(what, " ") + "\n")
			p.spoke = time.Now()
		}
	}
	_, _ = io.WriteString(p.a.err, b.String())
}

// end leaves no line of what is at work behind.
func (p *progress) end() { p.draw(nil, nil) }

// cut shortens text that has more than n columns.
func cut(text string, n int) string {
	r := []rune(strings.TrimRight(text, " "))
	if len(r) <= n || n < 1 {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}
