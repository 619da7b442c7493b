package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
)

// progress shows a run while it is on: a line for each step that ended, and
// below them, on a terminal, those at work.
type progress struct {
	a     *app
	width int             // of the terminal; 0: none, where no line can be drawn again
	shown map[string]bool // by step and event, and what is said once
	idle  time.Time       // since when nothing is at work that this node knows of; zero: something is

	mu    sync.Mutex // what is waited for is drawn by another goroutine
	drawn int        // lines that the next frame takes away
	spoke time.Time
	said  map[string]string // off a terminal, the last word on what is at work, by its key
}

// Off a terminal, a line is due after soon where there is news of what is at
// work, and after late where there is none.
const (
	soon = 900 * time.Millisecond
	late = 5 * time.Second
)

// patience is how long a step may be due and nowhere at work before that is said.
const patience = 2 * time.Second

// A doing is something at work.
type doing struct {
	key   string // tells it from others
	name  string
	done  string // how far it is: news where it changes
	since time.Time
	text  string // in the place of done and since, where there is more to say
}

func (d doing) line() string {
	if d.text != "" {
		return fmt.Sprintf("%-10s %s", d.name, d.text)
	}
	return fmt.Sprintf("%-10s %14s  %8s", d.name, d.done, seconds(time.Since(d.since).Seconds()))
}

// newProgress says first what is run.
func (a *app) newProgress(source, target string) *progress {
	p := a.progress()
	p.title(source, target)
	return p
}

func (a *app) progress() *progress {
	p := &progress{a: a, width: screenOf(a.err), shown: map[string]bool{}, said: map[string]string{}, spoke: time.Now()}
	if a.json {
		p.width = 0
	}
	return p
}

// title says what is run, and what is to be predicted.
func (p *progress) title(source, target string) {
	what := source
	if target != "" {
		what += " → " + target
	}
	p.a.say("%s", p.a.style(p.a.err, bold, what))
}

// follow shows the run until it ends.
func (p *progress) follow(ctx context.Context, c *connection, id string) (*api.RunState, error) {
	defer p.end()
	wait, began := 5*time.Millisecond, time.Now()
	for {
		st, err := c.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		p.show(&st)
		if st.State != engine.Running {
			p.sayCached(&st)
			return &st, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, max(5*time.Millisecond, time.Since(began)/50), 100*time.Millisecond) // of a run's time, at most a fiftieth is waited in vain
	}
}

// sayCached tells why some steps came from the cache and others did not.
func (p *progress) sayCached(st *api.RunState) {
	cached := 0
	for _, rec := range st.Steps {
		if rec.Cached {
			cached++
		}
	}
	if cached > 0 && cached < len(st.Steps) && !p.a.json {
		p.a.say("  %s", p.a.style(p.a.err, dim, fmt.Sprintf("%d of %d steps came from the cache. Those that take under %d ms, or have effects, run again.",
			cached, len(st.Steps), engine.CacheMin.Milliseconds())))
	}
}

func (p *progress) show(st *api.RunState) {
	var ended []string
	var working []doing
	for _, rec := range st.Steps {
		key := rec.Step + rec.Event + rec.DeadLetter
		if !p.shown[key] {
			p.shown[key] = true
			ended = append(ended, p.line(rec))
		}
	}
	if st.State == engine.Running {
		for _, act := range st.Active {
			if act.Progress.Unit == compiling && !p.shown[compiling] {
				p.shown[compiling] = true
				ended = append(ended, "  "+p.a.style(p.a.err, dim, "WASM guests are compiled when they first run: some seconds each, once on this machine."))
			}
			working = append(working, work(act))
		}
		if d, ok := p.unattended(st, len(ended) > 0); ok {
			working = append(working, d)
		}
	}
	p.draw(ended, working)
}

// unattended is what there is to say of a run whose steps are due, and not at
// work in the node: workers do not tell it what they are at, but the bus knows
// which events they have.
func (p *progress) unattended(st *api.RunState, news bool) (doing, bool) {
	if news || len(st.Active) > 0 || len(st.Pending) == 0 {
		p.idle = time.Time{}
		return doing{}, false
	}
	if p.idle.IsZero() {
		p.idle = time.Now()
	}
	step := st.Pending[0].Step
	d := doing{key: "unattended " + step, name: step, done: "due", since: p.idle, text: "is due, and this node is not at work on it"}
	switch e := st.Elsewhere; {
	case e == nil || e.Step != step:
	case e.Taken == 0:
		d.text = "waits for a worker: none has it"
	case e.Waiting == 0:
		d.text, d.done = "", "on a worker"
	default:
		d.text = fmt.Sprintf("is due: workers have %s of the step's events, %s wait for one", count(int64(e.Taken)), count(int64(e.Waiting)))
	}
	return d, time.Since(p.idle) > patience
}

// during shows what is waited for, until the function that it returns is called.
func (p *progress) during(what func() doing) (stop func()) {
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				p.end()
				return
			case <-tick.C:
				p.draw(nil, []doing{what()})
			}
		}
	})
	return func() { close(done); all.Wait() }
}

// waiting is a thing to wait for that has no measure.
func waiting(name string) func() doing {
	since := time.Now()
	return func() doing { return doing{key: name, name: name, since: since} }
}

// An upload is read from files, and counts what was read.
type upload struct {
	ctx     context.Context // ends the upload, not the request: see app.start
	started time.Time
	size    atomic.Int64 // of the files so far, where it is known
	sent    atomic.Int64
}

func newUpload(ctx context.Context) *upload { return &upload{ctx: ctx, started: time.Now()} }

// of gives a reader of a file that counts.
func (u *upload) of(f *os.File) io.Reader {
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		u.size.Add(info.Size())
	}
	return counted{u, f}
}

type counted struct {
	u *upload
	io.Reader
}

func (c counted) Read(b []byte) (int, error) {
	if err := c.u.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.Reader.Read(b)
	c.u.sent.Add(int64(n))
	return n, err
}

// doing says how much was sent.
func (u *upload) doing() doing {
	done := fmt.Sprintf("%d MB", u.sent.Load()>>20)
	if size := u.size.Load(); size > 0 {
		done = fmt.Sprintf("%d/%d MB", u.sent.Load()>>20, size>>20)
	}
	return doing{key: "upload", name: "upload", done: done, since: u.started}
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
func work(act api.Active) doing {
	d := doing{key: act.Step + act.Event, name: act.Step, since: act.StartedAt}
	if !act.RetryAt.IsZero() {
		d.done = fmt.Sprintf("attempt %d failed", act.Attempt)
		d.text = fmt.Sprintf("%s, again in %s: %s", d.done, seconds(max(0, time.Until(act.RetryAt).Seconds())), act.Failure.Message)
		return d
	}
	switch pr := act.Progress; {
	case pr.Total > 0:
		d.done = fmt.Sprintf("%s/%s %s", count(pr.Done), count(pr.Total), pr.Unit)
	case pr.Done > 0:
		d.done = count(pr.Done) + " " + pr.Unit
	case pr.Unit == compiling:
		d.done = pr.Unit
	}
	return d
}

// draw adds the lines of what ended and, on a terminal, shows what is at work
// below them, in the place of what was shown there before: in one write, so
// that nothing flickers. Off a terminal it says what is new within a second of
// the last line, and every few seconds what goes on.
func (p *progress) draw(ended []string, working []doing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	if p.drawn > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA\x1b[J", p.drawn) // \r: an interrupt is echoed as ^C
		p.drawn = 0
	}
	for _, line := range ended {
		b.WriteString(harmless(line) + "\n")
		p.spoke = time.Now()
	}
	spinner := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	turn := spinner[time.Now().UnixMilli()/100%int64(len(spinner))]
	quiet := time.Since(p.spoke)
	for _, d := range working {
		said, before := p.said[d.key]
		if p.width > 0 {
			line := cut(harmless(d.line()), p.width-5) // what the terminal broke would take two lines
			fmt.Fprintf(&b, "  %s %s\n", p.a.style(p.a.err, yellow, string(turn)), line)
			p.drawn++
		} else if quiet > late || quiet > soon && (!before || said != d.done) {
			b.WriteString("  … " + strings.TrimRight(harmless(d.line()), " ") + "\n")
			p.said[d.key] = d.done
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
