package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

func newPipeline(a *app) *cobra.Command {
	lint := &cobra.Command{Use: "lint FILE...", Short: "Check definitions: every problem with its line and column", Args: cobra.MinimumNArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		all := pipeline.Problems{}
		for _, path := range args {
			p, err := a.parse(path)
			var problems pipeline.Problems
			switch {
			case errors.As(err, &problems):
				all = append(all, problems...)
			case err != nil:
				return usage(err)
			default:
				all = append(all, p.Warnings...)
				if !a.json {
					a.say("%s: pipeline %s, %d steps, version %.8s", path, p.Name, len(p.Steps), p.Version)
				}
			}
		}
		if err := a.print(all, func() {
			for _, p := range all {
				fmt.Fprintln(a.out, p)
			}
		}); err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(p pipeline.Problem) bool { return !p.Warning }) {
			return &coded{code: exitFailed}
		}
		return nil
	}}
	var format string
	graph := &cobra.Command{Use: "graph [FILE]", Short: "Draw a pipeline; the default one where no file is named", Args: cobra.MaximumNArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		p, err := a.defaultPipeline()
		if len(args) > 0 {
			var d *definition
			if d, err = a.parse(args[0]); err == nil {
				p = d.Pipeline
			}
		}
		if err != nil {
			return usage(err)
		}
		switch format {
		case "text":
			fmt.Fprint(a.out, p.Text())
		case "mermaid":
			fmt.Fprint(a.out, p.Mermaid())
		default:
			return usage(fmt.Errorf("--format %s: want text or mermaid", format))
		}
		return nil
	}}
	graph.Flags().StringVar(&format, "format", "text", "text or mermaid")
	init := &cobra.Command{Use: "init [FILE]", Short: "Write the default pipeline's definition to start from", Args: cobra.MaximumNArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		path := "pipeline.yaml"
		if len(args) > 0 {
			path = args[0]
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return usage(fmt.Errorf("%s is there already: name another file", path))
		}
		if err != nil {
			return err
		}
		_, err = f.WriteString(pipeline.DefaultYAML)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		a.say("Written to %s. Next: edit it, then runnel pipeline lint %s", path, path)
		return nil
	}}
	schema := &cobra.Command{Use: "schema", Short: "Print the JSON Schema of a definition, for editors", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		return e.Encode(pipeline.JSONSchema(all.Functions()))
	}}
	return group("pipeline", "Check, draw and start pipeline definitions", lint, graph, init, schema, newSAM(a))
}
