package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/step"
)

type modelVersion = step.ModelVersion

func newDeadLetters(a *app) *cobra.Command {
	var q engine.LetterQuery
	list := a.asking("list", "List the events that steps were given up on", cobra.NoArgs, looking, func(cmd *cobra.Command, c *connection, _ []string) error {
		found, err := c.DeadLetters(cmd.Context(), q)
		if err != nil {
			return err
		}
		letters := found.Letters
		return a.print(letters, func() {
			listed := found.Open
			if q.Decided {
				listed += found.Decided
			} else if found.Decided > 0 {
				defer a.say("%d that were redriven or discarded are left out: --all lists them.", found.Decided)
			}
			if listed > len(letters) {
				defer a.say("The newest %d of %d: --limit 0 lists all.", len(letters), listed)
			}
			if len(letters) == 0 {
				a.say("No dead letters.")
				return
			}
			rows := [][]string{{"ID", "STEP", "RUN", "CLASS", "TRIES", "FAILED", "DECIDED", "ERROR"}}
			for _, dl := range letters {
				decided := ""
				switch {
				case dl.Redriven != nil:
					decided = "redriven " + ago(*dl.Redriven)
				case dl.Discarded != nil:
					decided = "discarded " + ago(*dl.Discarded)
				}
				first, _, _ := strings.Cut(dl.Error.Message, "\n")
				if len(first) > 70 {
					first = first[:67] + "..."
				}
				rows = append(rows, []string{fmt.Sprintf("%.8s", dl.ID), dl.Step, fmt.Sprintf("%.8s", dl.Run), string(dl.Error.Class), fmt.Sprint(len(dl.Attempts)), ago(dl.FailedAt), decided, first})
			}
			columns(a.out, rows, 4)
		})
	})
	list.Flags().BoolVar(&q.Decided, "all", false, "list those that were redriven or discarded too")
	list.Flags().IntVar(&q.Limit, "limit", 50, "list the newest `N`; 0 lists all")
	show := a.asking("show ID", "Show a dead letter: the event, the error, every attempt", cobra.ExactArgs(1), looking, func(cmd *cobra.Command, c *connection, args []string) error {
		dl, err := findLetter(cmd.Context(), c, args[0])
		if err != nil {
			return err
		}
		return a.print(dl, func() {
			fmt.Fprintf(a.out, "Dead letter %s\n", dl.ID)
			fmt.Fprintf(a.out, "Step %s (function %s) of pipeline %s@%.8s, run %.8s\n", dl.Step, dl.Function, dl.Pipeline, dl.Version, dl.Run)
			fmt.Fprintf(a.out, "Event %s %s, subject %s\n\n", events.ShortType(dl.Event.Type()), dl.Event.ID(), dl.Event.Subject())
			for _, at := range dl.Attempts {
				fmt.Fprintf(a.out, "attempt %d, %s, %s: %s\n", at.Number, at.StartedAt.Format("2006-01-02 15:04:05"), at.Failure.Class, at.Failure.Message)
				if at.Failure.Detail != "" {
					fmt.Fprintln(a.out, at.Failure.Detail)
				}
			}
			switch {
			case dl.Redriven != nil:
				fmt.Fprintf(a.out, "\nIt was redriven %s. Next: %s runs show %.8s\n", ago(*dl.Redriven), a.name(), dl.Run)
				return
			case dl.Discarded != nil:
				fmt.Fprintf(a.out, "\nIt was discarded %s. Next: %s runs replay %.8s    runs the upload again\n", ago(*dl.Discarded), a.name(), dl.Run)
				return
			case dl.Error.Class == step.ClassPermanent:
				fmt.Fprintln(a.out, "\nThe same bytes fail again: where the table is at fault, upload it again once it is put right.")
			}
			fmt.Fprintf(a.out, "\nNext: put the cause right, then %s deadletters redrive %.8s\n      %s deadletters discard %.8s    where it needs no more attention\n", a.name(), dl.ID, a.name(), dl.ID)
		})
	})
	redrive := a.asking("redrive ID", "Send the event of a dead letter again", cobra.ExactArgs(1), working, func(cmd *cobra.Command, c *connection, args []string) error {
		dl, err := findLetter(cmd.Context(), c, args[0])
		if err != nil {
			return err
		}
		if dl, err = c.Redrive(cmd.Context(), dl.ID); err != nil {
			return err
		}
		if err := a.print(dl, func() { fmt.Fprintf(a.out, "event %s was sent to step %s again\n", dl.Event.ID(), dl.Step) }); err != nil {
			return err
		}
		if c.remote {
			a.say("Next: %s runs show %.8s", a.name(), dl.Run)
			return nil
		}
		st, err := a.newProgress("redrive of "+dl.Step, "").follow(cmd.Context(), c, dl.Run)
		if cmd.Context().Err() != nil {
			return a.leave(c, dl.Run)
		}
		if err != nil {
			return err
		}
		return a.verdict(st)
	})
	discard := a.asking("discard ID", "Note that a dead letter needs no more attention; it is kept, and not listed", cobra.ExactArgs(1), looking, func(cmd *cobra.Command, c *connection, args []string) error {
		dl, err := findLetter(cmd.Context(), c, args[0])
		if err != nil {
			return err
		}
		if dl, err = c.Discard(cmd.Context(), dl.ID); err != nil {
			return err
		}
		return a.print(dl, func() { fmt.Fprintf(a.out, "dead letter %.8s is discarded\n", dl.ID) })
	})
	return group("deadletters", "List, show, redrive and discard events that steps were given up on", list, show, redrive, discard)
}

// findLetter takes a dead letter's id, or the beginning of one that no other has.
func findLetter(ctx context.Context, c *connection, id string) (engine.DeadLetter, error) {
	found, err := c.DeadLetters(ctx, engine.LetterQuery{Prefix: id, Decided: true, Limit: 2})
	if err != nil {
		return engine.DeadLetter{}, err
	}
	switch found.Open + found.Decided {
	case 1:
		return found.Letters[0], nil
	case 0:
		return engine.DeadLetter{}, fmt.Errorf("no dead letter %q: `runnel deadletters list` shows those that there are", id)
	}
	return engine.DeadLetter{}, fmt.Errorf("%d dead letters begin with %q: give more of the id", found.Open+found.Decided, id)
}
