package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
)

func newDev(a *app) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "dev FILE --pipeline PIPELINE",
		Short: "Run a pipeline whenever you save it or a function of it, which is built before",
		Long: `Run a pipeline over a table, and again whenever the pipeline's file, a function
whose folder it names, or the table is saved. A function that has changed is
built before, by the command in its function.yaml. What has not changed comes
from the cache. The runs are kept in the folder dev of the node's folder, unless
--data names one, so that no model is served that is still being worked on.`,
		Example: "  runnel dev penguins.csv --pipeline steps/ratio/pipeline.yaml --target species",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.pipeline == "" {
				return usage(errors.New("name the pipeline: --pipeline FILE; `runnel pipeline init` writes one to start from"))
			}
			a.alone = true
			if !a.named {
				a.dir, a.named = filepath.Join(a.dir, "dev"), true
			}
			return a.dev(cmd.Context(), args[0], &f)
		},
	}
	f.add(a, c)
	return c
}

// A developing pipeline is run again and again.
type developing struct {
	*app
	c       *connection
	flags   *runFlags
	source  string // the table
	watch   watch
	folders []string          // of the functions that the pipeline names
	built   map[string]string // by folder: its content when it was built
	ran     string            // what was run last
	last    *result           // of that which succeeded last
	worked  bool              // in this turn something was built or run
}

// dev runs until ctx ends: nothing else that goes wrong after the start ends it.
func (a *app) dev(ctx context.Context, source string, f *runFlags) error {
	if _, err := f.params(); err != nil {
		return err
	}
	file, err := openTable(source)
	if err == nil && file == nil {
		err = fmt.Errorf("%s is a directory: name one file", source)
	}
	if err != nil {
		return usage(err)
	}
	file.Close()
	if _, err := os.Stat(f.pipeline); err != nil {
		return usage(fmt.Errorf("--pipeline: %w%s", err, nearFiles(f.pipeline)))
	}
	a.private = f.private
	c, err := a.connect(ctx, working)
	if err != nil {
		return err
	}
	defer c.close()
	d := developing{app: a, c: c, flags: f, source: source, built: map[string]string{}}
	for said, after := "", ""; ctx.Err() == nil; {
		seen := d.state()
		d.worked = false
		err := d.turn(ctx)
		news := err != nil && ctx.Err() == nil && (err.Error() != said || seen != after)
		if news {
			a.fail(err)
		}
		if ctx.Err() == nil && (news || d.worked) {
			a.say("%s", a.style(a.err, dim, "waiting for changes"))
		}
		said, after = fmt.Sprint(err), d.state() // a turn itself can change the state, by what it builds
		d.wait(ctx, seen)
	}
	a.say("stopped")
	return nil
}

// state is everything that a run is made of, as it is now.
func (d *developing) state() string {
	parts := []string{string(d.watch.file(d.flags.pipeline)), stamp(d.source)}
	for _, dir := range d.folders {
		parts = append(parts, d.watch.content(dir, d.flags.pipeline))
		modules, _ := filepath.Glob(filepath.Join(dir, "*.wasm"))
		for _, m := range modules {
			parts = append(parts, stamp(m))
		}
	}
	return strings.Join(parts, "\n")
}

// wait waits until the state is another, and has stayed so for a moment.
func (d *developing) wait(ctx context.Context, seen string) {
	for before := seen; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
		now := d.state()
		if now != seen && now == before {
			return
		}
		before = now
	}
}

// turn builds what has changed and runs the pipeline, if there is anything new
// in it.
func (d *developing) turn(ctx context.Context) error {
	def, err := d.parse(d.flags.pipeline)
	if def != nil && len(def.folders) > 0 {
		d.folders = def.folders
	}
	built, berr := d.build(ctx)
	if berr != nil {
		return berr
	}
	if built {
		d.worked = true
		def, err = d.parse(d.flags.pipeline)
	}
	if err != nil {
		return err
	}
	key := def.Version + stamp(d.source)
	if key == d.ran {
		if built {
			d.say("%s is as it was", strings.Join(d.folders, ", "))
		}
		return nil
	}
	d.ran, d.worked = key, true
	return d.run(ctx, def, d.state())
}

// build builds the functions whose folders have changed.
func (d *developing) build(ctx context.Context) (built bool, err error) {
	for _, dir := range d.folders {
		spec, serr := readSpec(dir)
		if serr != nil {
			err = errors.Join(err, serr)
			continue
		}
		content := d.watch.content(dir, d.flags.pipeline)
		before, known := d.built[dir]
		if spec.Build == "" || known && before == content || !known && !newer(dir, filepath.Join(dir, spec.Module)) {
			d.built[dir] = content
			continue
		}
		d.built[dir] = content // also where it fails, until it is saved again
		built = true
		started := time.Now()
		d.say("%s", d.style(d.err, bold, "building "+spec.Name))
		cmd := shell(ctx, spec.Build)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, d.err, d.err
		if berr := cmd.Run(); berr != nil {
			err = errors.Join(err, fmt.Errorf("function %s was not built: %w", spec.Name, berr))
			continue
		}
		d.say("  %s %s, %s", d.style(d.err, green, "✓"), spec.Module, seconds(time.Since(started).Seconds()))
	}
	return built, err
}

// shell is a command as a person types it.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	if runtime.GOOS == "windows" {
		cmd = exec.CommandContext(ctx, "cmd", "/C", line)
	}
	cmd.WaitDelay = time.Second
	return cmd
}

// run runs the pipeline, and gives up where the state becomes another.
func (d *developing) run(ctx context.Context, def *definition, seen string) error {
	req, err := d.flags.request(d.source)
	if err != nil {
		return err
	}
	req.Pipeline, req.File = def.text, filepath.Base(d.flags.pipeline)
	file, err := os.Open(d.source)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := def.upload(ctx, d.c.PutArtifact); err != nil {
		return err
	}
	d.warn(def)
	p := d.newProgress(d.source, d.flags.target)
	defer p.end()
	id, err := d.start(ctx, d.c, newUpload(ctx), req, d.source, file)
	if err != nil {
		return err
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		w := *d
		w.watch = watch{} // its own: this one is the loop's
		w.wait(following, seen)
		stop()
	}()
	st, err := p.follow(following, d.c, id)
	if following.Err() != nil && st == nil {
		cancelled, done := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer done()
		p.end()
		d.ran = "" // it is run again, even if what was saved comes to the same
		_, err = d.c.Cancel(cancelled, id)
		if err == nil && ctx.Err() == nil {
			d.worked = false // the next turn follows at once
			d.say("something was saved: run %.8s was cancelled", id)
		}
		return err
	}
	if err != nil {
		return err
	}
	return d.report(ctx, st)
}

// report says what came of a run, and what is other than before.
func (d *developing) report(ctx context.Context, st *api.RunState) error {
	r, err := d.result(ctx, d.c, st)
	if err != nil {
		return err
	}
	err = d.print(r, func() {
		if st.State == engine.Succeeded || st.State == engine.Gated {
			d.compare(r)
		}
	})
	if err != nil {
		return err
	}
	if st.State == engine.Succeeded {
		d.last = r
	}
	return d.verdict(st)
}

// compare prints the metrics and the steps' rows, those of the run before beside
// them where they were others.
func (d *developing) compare(r *result) {
	var rows [][]string
	changed := false
	add := func(name, before, now, change string) {
		if before == now {
			before, change = "", ""
		}
		changed = changed || before != ""
		rows = append(rows, []string{"  ", name, before, now, change})
	}
	last := d.last
	if last == nil {
		last = &result{}
	}
	for _, s := range r.Steps {
		i := slices.IndexFunc(last.Steps, func(b stepResult) bool { return b.Name == s.Name })
		if i >= 0 && s.Status == engine.Done && last.Steps[i].Rows != s.Rows {
			add("rows of "+s.Name, count(last.Steps[i].Rows), count(s.Rows), fmt.Sprintf("%+d", s.Rows-last.Steps[i].Rows))
		}
	}
	for _, name := range headline {
		now, ok := r.Metrics[name]
		if !ok {
			continue
		}
		before, change := "", ""
		if v, ok := last.Metrics[name]; ok {
			before, change = fmt.Sprintf("%.3f", v), fmt.Sprintf("%+.3f", now-v)
		}
		add(name, before, fmt.Sprintf("%.3f", now), change)
	}
	switch {
	case changed:
		columns(d.out, slices.Insert(rows, 0, []string{"  ", "", "before", "now", ""}), 2, 3, 4)
	case d.last != nil:
		fmt.Fprintln(d.out, "  metrics and rows are as before")
	default:
		columns(d.out, rows, 2, 3)
	}
	for _, n := range r.notes {
		fmt.Fprintf(d.out, "  %s\n", d.style(d.out, dim, n))
	}
	for _, n := range r.Reports {
		fmt.Fprintf(d.out, "  %s\n", n)
	}
}
