package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/pipeline/sam"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

func newSAM(a *app) *cobra.Command {
	var out, prefix, define string
	onDemand := []string{"predict"}
	c := &cobra.Command{
		Use:   "sam [FILE]",
		Short: "Render a pipeline as an AWS SAM template; the default one where no file is named",
		Long: `Render a pipeline as an AWS SAM template: for each step a Lambda, a queue, a
rule and a role, and for all of them a bucket and an event bus. The functions'
programs are those of scripts/build lambda, in dist/.`,
		Example: `  runnel pipeline sam > template.yaml
  runnel pipeline sam pipeline.yaml --output template.yaml
  runnel pipeline sam pipeline.yaml --define 's3://BUCKET?prefix=store/'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.defaultPipeline()
			if len(args) > 0 {
				var d *definition
				if d, err = a.parse(args[0]); err == nil {
					p, err = d.Pipeline, noModules(d.Pipeline)
				}
			}
			if err != nil {
				return usage(err)
			}
			if define != "" {
				s, err := store.Open(cmd.Context(), define, nil)
				if err != nil {
					return err
				}
				defer s.Close()
				if err := sam.Define(cmd.Context(), s, p); err != nil {
					return err
				}
				a.say("%s has the definition of %s, version %.8s", define, p.Name, p.Version)
				return nil
			}
			functions, err := onDemandOf(p, onDemand)
			if err != nil {
				return err
			}
			text, notes, err := sam.Render(p, &sam.Options{Prefix: prefix, OnDemand: functions})
			if err != nil {
				return usage(err)
			}
			for _, n := range notes {
				a.say("note: %s", n)
			}
			if out == "" {
				_, err = fmt.Fprint(a.out, text)
				return err
			}
			if err := os.WriteFile(out, []byte(text), 0o644); err != nil {
				return err
			}
			a.say("Written to %s. Next: scripts/build lambda && sam build --template %s", out, out)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write to; standard output by default")
	c.Flags().StringVar(&prefix, "prefix", "runnel", "what the names of queues, rules and Lambdas begin with")
	c.Flags().StringSliceVar(&onDemand, "on-demand", onDemand, "functions that no step runs, as Lambdas to be invoked directly")
	c.Flags().StringVar(&define, "define", "", "store to put the definition into, instead of rendering it")
	return c
}

// noModules refuses a pipeline with functions that a Lambda cannot run.
func noModules(p *pipeline.Pipeline) error {
	for _, s := range p.Steps {
		if !s.Fn.Module.IsZero() {
			return fmt.Errorf("step %s: function %s is a WASM module, which runs in the wasm host of a node or a worker and not as a Lambda: leave the step out, or run this pipeline with `runnel up` or `runnel worker`", s.Name, s.Function)
		}
	}
	return nil
}

// onDemandOf are the functions of these names that no step runs.
func onDemandOf(p *pipeline.Pipeline, names []string) ([]*step.Function, error) {
	var out []*step.Function
	for _, name := range names {
		f, err := function(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(p.Steps, func(s *pipeline.BoundStep) bool { return s.Function == f.Name }) {
			out = append(out, f)
		}
	}
	return out, nil
}
