package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
)

// progress shows a run while it is on: a line for each step that ended, and
// below them, on a terminal, those at work.
type progress struct {
	a     *app
	live  bool // on a terminal, where lines can be drawn again
	shown map[string]bool
	drawn int
	tick  int
	spoke time.Time
}

func (a *app) newProgress(source, target string) *progress {
	p := &progress{a: a, live: terminal(a.err) && !a.json, shown: map[string]bool{}, spoke: time.Now()}
	what := source
	if target != "" {
		what += " → " + target
	}
	a.say("%s", a.style(a.err, bold, what))
	return p
}

// follow shows the run until it ends.
func (p *progress) follow(ctx context.Context, c *connection, id string) (*api.RunState, error) {
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
	p.clear()
	for _, rec := range st.Steps {
		key := rec.Step + rec.Event
		if rec.DeadLetter != "" {
			key += rec.DeadLetter
		}
		if !p.shown[key] {
			p.shown[key] = true
			p.a.say("%s", p.line(rec))
			p.spoke = time.Now()
		}
	}
	if st.State == engine.Running {
		p.draw(st.Active)
	}
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
	return strings.TrimRight(fmt.Sprintf("  %s %-10s %14s  %8s  %s", mark, rec.Step, rows, seconds(rec.Seconds), p.a.style(p.a.err, dim, strings.Join(notes, ", "))), " ")
}

// draw shows the steps at work. Off a terminal it says something every few seconds.
func (p *progress) draw(active []api.Active) {
	if !p.live {
		if time.Since(p.spoke) > 5*time.Second && len(active) > 0 && !p.a.json {
			p.a.say("  … %s", work(active[0]))
			p.spoke = time.Now()
		}
		return
	}
	p.tick++
	spinner := string([]rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")[p.tick%10])
	for _, act := range active {
		fmt.Fprintf(p.a.err, "  %s %s\n", p.a.style(p.a.err, yellow, spinner), work(act))
		p.drawn++
	}
}

// work says what a step is at.
func work(act api.Active) string {
	if !act.RetryAt.IsZero() {
		return fmt.Sprintf("%-10s attempt %d failed: %s; again in %s", act.Step, act.Attempt, act.Failure.Message, seconds(max(0, time.Until(act.RetryAt).Seconds())))
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

// clear takes away what draw drew.
func (p *progress) clear() {
	for ; p.drawn > 0; p.drawn-- {
		fmt.Fprint(p.a.err, "\x1b[1A\x1b[2K")
	}
}

func (p *progress) end() { p.clear() }
