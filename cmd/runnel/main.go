// Command runnel turns tables into served models through small functions that
// events chain. `runnel help` says how.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/runnel-dev/runnel/internal/nearest"
)

// The exit codes.
const (
	exitOK        = 0
	exitFailed    = 1
	exitUsage     = 2
	exitGate      = 3
	exitCancelled = 130
)

// coded is an error that ends the program with a code of its own.
type coded struct {
	code int
	err  error // nil: all has been said
}

func (c *coded) Error() string {
	if c.err == nil {
		return fmt.Sprintf("exit code %d", c.code)
	}
	return c.err.Error()
}

func (c *coded) Unwrap() error { return c.err }

// usage marks an error of how the command was called.
func usage(err error) error { return &coded{exitUsage, err} }

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	a := &app{out: os.Stdout, err: os.Stderr}
	err := newRoot(a).ExecuteContext(ctx)
	var c *coded
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &c):
		if c.err != nil {
			a.fail(c.err)
		}
		return c.code
	case ctx.Err() != nil:
		a.say("cancelled")
		return exitCancelled
	}
	a.fail(err)
	return exitFailed
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "runnel",
		Short: "From an uploaded table to a served model, by small functions that events chain",
		Long: `Runnel turns a table into an explained, registered and served model: small
functions (ingest, clean, explore, featurize, train, evaluate, register,
deploy, predict) are chained by CloudEvents on a durable bus, in one binary.

  runnel run penguins.csv --target species    one run, here and now
  runnel up                                   a node: upload tables, get predictions`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return oneOf(cmd, args)
		},
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.configure(cmd)
		},
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	if columns := screenOf(a.out); columns > 0 {
		root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages |", fmt.Sprintf("FlagUsagesWrapped %d |", columns)))
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		hint := ""
		if name, ok := strings.CutPrefix(err.Error(), "unknown flag: "); ok {
			var names []string
			cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
			hint = nearest.Hint(name, names)
		}
		return usage(fmt.Errorf("%w%s\nSee: %s --help", err, hint, cmd.CommandPath()))
	})
	f := root.PersistentFlags()
	f.StringVar(&a.dir, "data", ".runnel", "the node's folder (RUNNEL_DATA)")
	f.BoolVar(&a.json, "json", false, "print JSON (RUNNEL_JSON)")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log to standard error what the node does (RUNNEL_VERBOSE)")
	root.AddCommand(
		newRun(a), newDev(a), newUp(a), newWorker(a), newPut(a), newPredict(a), newExplain(a), newRuns(a), newModels(a), newDeadLetters(a),
		newFunctions(a), newPipeline(a), newDoctor(a), newVersion(a), newGuestWorker(),
	)
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	return root
}

// wrapArgs makes a wrong number of arguments an error of usage.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if check(cmd, args) != nil {
				return usage(fmt.Errorf("%s does not take %d arguments\nUsage: %s", cmd.CommandPath(), len(args), cmd.UseLine()))
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}
