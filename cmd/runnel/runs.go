package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
)

// asking makes a command that asks a node, or the folder where none runs.
func (a *app) asking(use, short string, args cobra.PositionalArgs, work bool, do func(cmd *cobra.Command, c *connection, args []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		c, err := a.connect(cmd.Context(), work)
		if err != nil {
			return err
		}
		defer c.close()
		return do(cmd, c, args)
	}}
}

// group makes a command that only has others below it.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: oneOf}
	c.AddCommand(sub...)
	return c
}

// oneOf answers a command that only has others below it, and was called without
// one of them.
func oneOf(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		cmd.SetOut(cmd.ErrOrStderr())
		_ = cmd.Help()
		return &coded{code: exitUsage}
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return usage(fmt.Errorf("%s has no command %q%s\nSee: %s --help", cmd.CommandPath(), args[0], nearest.Hint(args[0], names), cmd.CommandPath()))
}

func newRuns(a *app) *cobra.Command {
	var limit int
	list := a.asking("list", "List the runs, the newest first", cobra.NoArgs, looking, func(cmd *cobra.Command, c *connection, _ []string) error {
		ask := limit
		if limit > 0 {
			ask++ // to know whether there are more
		}
		runs, err := c.Runs(cmd.Context(), ask)
		if err != nil {
			return err
		}
		more := limit > 0 && len(runs) > limit
		if more {
			runs = runs[:limit]
		}
		return a.print(runs, func() {
			if len(runs) == 0 {
				a.say("No runs yet. Next: %s run FILE --target COLUMN", a.name())
				return
			}
			rows := [][]string{{"RUN", "STATE", "OF", "MODEL", "STEPS", "TOOK", "STARTED"}}
			for _, r := range runs {
				took := ""
				if !r.EndedAt.IsZero() {
					took = seconds(r.EndedAt.Sub(r.AcceptedAt).Seconds())
				}
				rows = append(rows, []string{fmt.Sprintf("%.8s", r.ID), a.state(r.State), r.Subject, r.Model, fmt.Sprint(r.Steps), took, ago(r.AcceptedAt)})
			}
			columns(a.out, rows, 4, 5)
			if more {
				a.say("These are the newest %d. Next: %s runs list --limit 0    lists all", limit, a.name())
			}
			if slices.ContainsFunc(runs, func(r api.RunSummary) bool { return r.State == api.Interrupted }) {
				a.say("Interrupted runs go on with `%s up`; `%s runs cancel RUN` ends one.", a.name(), a.name())
			}
		})
	})
	list.Flags().IntVarP(&limit, "limit", "n", 20, "runs to list; 0 for all")
	show := a.asking("show RUN", "Show a run step by step; RUN is an id, the beginning of one, or last", cobra.ExactArgs(1), looking, func(cmd *cobra.Command, c *connection, args []string) error {
		st, err := c.Run(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return a.print(st, func() {
			a.printRun(&st)
			switch {
			case st.State == api.Interrupted:
				a.say("\nNext: %s up    goes on with it; %s runs cancel %.8s ends it", a.name(), a.name(), st.ID)
			case st.State != engine.Running && len(st.Steps) > 0:
				a.say("\nNext: %s runs table %.8s    lists the tables that the steps wrote", a.name(), st.ID)
			}
		})
	})
	lineage := a.asking("lineage RUN|MODEL[@VERSION]", "Show what a run or a model came from, down to the uploaded bytes", cobra.ExactArgs(1), looking, func(cmd *cobra.Command, c *connection, args []string) error {
		id, err := runOf(cmd, c, args[0])
		if err != nil {
			return err
		}
		st, err := c.Run(cmd.Context(), id)
		if err != nil {
			return err
		}
		l := lineageOf(&st)
		return a.print(l, func() { a.printLineage(l) })
	})
	replay := a.asking("replay RUN", "Run the upload of a run again, by the same version of its pipeline", cobra.ExactArgs(1), working, func(cmd *cobra.Command, c *connection, args []string) error {
		of, err := c.Run(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		id, err := c.Replay(cmd.Context(), of.ID)
		if err != nil {
			return err
		}
		st, err := a.newProgress(fmt.Sprintf("replay of %.8s", of.ID), "").follow(cmd.Context(), c, id)
		if cmd.Context().Err() != nil {
			return a.cancel(cmd.Context(), c, id)
		}
		if err != nil {
			return err
		}
		return a.outcome(cmd.Context(), c, st, st.Event.Subject())
	})
	cancel := a.asking("cancel RUN", "End a run: what is at work is stopped, and no further step starts", cobra.ExactArgs(1), looking, func(cmd *cobra.Command, c *connection, args []string) error {
		id, err := c.Cancel(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return a.print(api.RunCancelled{Run: id}, func() { fmt.Fprintf(a.out, "run %.8s is cancelled\n", id) })
	})
	return group("runs", "List, show, replay and cancel runs, and show what their steps wrote", list, show, newTable(a), lineage, replay, cancel)
}

// cancel ends a run whose command was interrupted, and says so by the exit code
// too. A second interrupt ends the program at once: the run goes on with the next
// node of the folder.
func (a *app) cancel(ctx context.Context, c *connection, run string) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	if _, err := c.Cancel(ctx, run); err != nil {
		return &coded{exitCancelled, fmt.Errorf("cancelling the run: %w", err)}
	}
	a.say("cancelled run %.8s\nNext: %s runs replay %.8s    runs its upload again", run, a.name(), run)
	return &coded{code: exitCancelled}
}

func (a *app) state(s string) string {
	switch s {
	case engine.Succeeded, engine.Done:
		return a.style(a.out, green, s)
	case engine.Failed:
		return a.style(a.out, red, s)
	case engine.Gated, engine.Running, engine.Cancelled, api.Interrupted:
		return a.style(a.out, yellow, s)
	}
	return s
}

func (a *app) printRun(st *api.RunState) {
	fmt.Fprintf(a.out, "Run %s over %s: %s\n", st.ID, st.Event.Subject(), a.state(st.State))
	for name, version := range st.Pipelines {
		fmt.Fprintf(a.out, "Pipeline %s@%.8s, accepted %s\n", name, version, st.AcceptedAt.Format("2006-01-02 15:04:05"))
	}
	fmt.Fprintln(a.out)
	rows := [][]string{{"STEP", "STATE", "HOST", "ROWS", "TOOK", "TRIES", "EMITTED"}}
	for _, r := range st.Steps {
		var emitted []string
		for _, e := range r.Events {
			emitted = append(emitted, events.ShortType(e.Type()))
		}
		state := a.state(r.Status)
		if r.Cached {
			state += " (cached)"
		}
		handled := ""
		if r.Rows > 0 {
			handled = count(r.Rows)
		}
		rows = append(rows, []string{r.Step, state, r.Host, handled, seconds(r.Seconds), fmt.Sprint(r.Attempts), strings.Join(emitted, ", ")})
	}
	waiting := a.state(st.State) // running, or cancelled before it was done
	for _, p := range st.Pending {
		rows = append(rows, []string{p.Step, waiting, "", "", "", "", ""})
	}
	columns(a.out, rows, 3, 4, 5)
	for _, r := range st.Steps {
		if len(r.Notes) == 0 && r.Error == nil {
			continue
		}
		fmt.Fprintf(a.out, "\n%s\n", a.style(a.out, bold, r.Step))
		if r.Error != nil {
			a.bullet("  " + a.style(a.out, red, string(r.Error.Class)+":") + " " + r.Error.Message)
		}
		if r.DeadLetter != "" {
			fmt.Fprintf(a.out, "  Next: %s deadletters show %.8s\n", a.name(), r.DeadLetter)
		}
		for _, n := range r.Notes {
			a.bullet("  " + n)
		}
	}
}

// A lineageStep is a link of the chain from an upload to what came of it.
type lineageStep struct {
	Step    string                `json:"step"`
	Event   string                `json:"event"`
	Type    string                `json:"type"`
	Source  *events.Object        `json:"source,omitempty"` // of the first link
	Version string                `json:"pipelineVersion,omitempty"`
	Outputs map[string]events.Ref `json:"outputs,omitempty"`
}

func lineageOf(st *api.RunState) []lineageStep {
	first := lineageStep{Step: "upload", Event: st.Event.ID(), Type: st.Event.Type()}
	if in, err := events.Data[events.ObjectCreatedData](st.Event); err == nil {
		first.Source = &in.Object
	}
	out := []lineageStep{first}
	for _, r := range st.Steps {
		out = append(out, lineageStep{Step: r.Step, Event: r.Event, Type: r.EventType, Version: r.Version, Outputs: r.Outputs})
	}
	return out
}

func (a *app) printLineage(l []lineageStep) {
	for _, s := range l {
		if s.Source != nil {
			fmt.Fprintf(a.out, "%s/%s version %d\n  %s  %s bytes\n", s.Source.Bucket, s.Source.Key, s.Source.Version, s.Source.Content.Digest, count(s.Source.Content.Size))
			continue
		}
		fmt.Fprintf(a.out, "%s  (answers %s %.8s)\n", a.style(a.out, bold, s.Step), events.ShortType(s.Type), s.Event)
		for _, name := range slices.Sorted(maps.Keys(s.Outputs)) {
			fmt.Fprintf(a.out, "  %s  %s\n", s.Outputs[name].Digest, name)
		}
	}
}

// runOf is the run that is named, or the one that made the named model.
func runOf(cmd *cobra.Command, c *connection, name string) (string, error) {
	base, version, _ := strings.Cut(name, "@")
	m, err := c.Model(cmd.Context(), base)
	var said *api.Error
	if errors.As(err, &said) && said.Status == http.StatusNotFound {
		return name, nil
	}
	if err != nil {
		return "", err
	}
	v, err := shownVersion(m, version)
	return v.Run, err
}
