package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/schema"
	"github.com/runnel-dev/runnel/runtime/step"
)

// described is a function as --json shows it.
type described struct {
	Name    string         `json:"name"`
	Doc     string         `json:"description"`
	Accepts []string       `json:"accepts"`
	Emits   []string       `json:"emits"`
	Params  map[string]any `json:"params"`          // JSON Schema
	Module  events.Ref     `json:"module,omitzero"` // of a function in a folder
}

func describe(f *step.Function) described {
	return described{f.Name, f.Doc, f.Accepts, f.Emits, f.Params.JSONSchema(), f.Module}
}

func newFunctions(a *app) *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List the functions", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		var out []described
		rows := [][]string{{"FUNCTION", "DOES"}}
		for _, f := range all.List() {
			out = append(out, describe(f))
			rows = append(rows, []string{f.Name, f.Doc})
		}
		return a.print(out, func() { columns(a.out, rows) })
	}}
	desc := &cobra.Command{Use: "describe FUNCTION", Short: "Describe a function and its params", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		f, err := function(args[0])
		if err != nil {
			return err
		}
		return a.print(describe(f), func() {
			a.bullet(a.style(a.out, bold, f.Name) + ": " + f.Doc)
			fmt.Fprintf(a.out, "\nanswers  %s\nemits    %s\n\nparams\n", short(f.Accepts), short(f.Emits))
			var rows [][]string
			paramRows(&rows, f.Params.Fields, "  ")
			columns(a.out, rows)
		})
	}}
	var file, host, params string
	invoke := a.asking("invoke FUNCTION --event FILE", "Run a function once, outside any pipeline: nothing is recorded", cobra.ExactArgs(1), looking, func(cmd *cobra.Command, c *connection, args []string) error {
		if _, err := function(args[0]); err != nil {
			return err
		}
		ctx := cmd.Context()
		b, err := readFile(file)
		if err != nil {
			return usage(fmt.Errorf("--event: %w", err))
		}
		var event events.Event
		if err := json.Unmarshal(b, &event); err != nil {
			return usage(fmt.Errorf("--event: %s is not a CloudEvent in JSON: %w", file, err))
		}
		if !slices.Contains(pipeline.Hosts(), host) {
			return usage(fmt.Errorf("no host %q%s (there are: %s)", host, nearest.Hint(host, pipeline.Hosts()), strings.Join(pipeline.Hosts(), ", ")))
		}
		req := api.Invoke{Event: b, Host: host}
		if params != "" {
			if err := json.Unmarshal([]byte(params), &req.Params); err != nil {
				return usage(fmt.Errorf("--params is not a JSON object: %w", err))
			}
		}
		name := args[0]
		if isFolder(name) {
			f, module, err := readFunction(name)
			if err != nil {
				return usage(err)
			}
			if err := (&definition{modules: [][]byte{module}}).upload(ctx, c.PutArtifact); err != nil {
				return err
			}
			name, req.Function = f.Name, &f
			if !cmd.Flags().Changed("host") {
				req.Host = "wasm"
			}
		}
		res, err := c.Invoke(ctx, name, req)
		if err != nil {
			return err
		}
		return a.print(res, func() {
			for _, n := range res.Notes {
				fmt.Fprintln(a.out, n)
			}
			for name, ref := range res.Outputs {
				fmt.Fprintf(a.out, "output  %s  %s\n", name, ref.Digest)
			}
			for _, e := range res.Events {
				fmt.Fprintf(a.out, "event   %s  %s\n", events.ShortType(e.Type()), e.ID())
			}
		})
	})
	invoke.Flags().StringVar(&file, "event", "-", "file with a CloudEvent in structured JSON; - is standard input")
	invoke.Flags().StringVar(&host, "host", "native", "host that runs the function")
	a.guestsFlag(invoke)
	invoke.Flags().StringVar(&params, "params", "", "params as a JSON object")
	return group("functions", "List, describe, invoke and start functions", list, desc, invoke, newFunction(a))
}

func readFile(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, events.MaxSize*2))
	}
	return os.ReadFile(path)
}

// function finds a function by its name, or in its folder.
func function(name string) (*step.Function, error) {
	if isFolder(name) {
		f, _, err := readFunction(name)
		if err != nil {
			return nil, usage(err)
		}
		fn, err := f.Bind()
		if err != nil {
			return nil, usage(err)
		}
		return fn, nil
	}
	f := all.Functions()[name]
	if f != nil {
		return f, nil
	}
	var names []string
	for _, f := range all.List() {
		names = append(names, f.Name)
	}
	return nil, usage(fmt.Errorf("no function %q%s (there are: %s)", name, nearest.Hint(name, names), strings.Join(names, ", ")))
}

func short(types []string) string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = events.ShortType(t)
	}
	return strings.Join(out, ", ")
}

// paramRows lays out fields, those of mappings below them: what each means, and
// then what it may be.
func paramRows(rows *[][]string, fields []schema.Field, indent string) {
	for _, f := range fields {
		*rows = append(*rows, []string{indent + f.Name, f.Doc}, []string{"", takes(f)})
		inner := f.Fields
		if f.Elem != nil && inner == nil {
			inner = f.Elem.Fields
		}
		paramRows(rows, inner, indent+"  ")
	}
}

// takes says which values a field may have.
func takes(f schema.Field) string {
	text := string(f.Type)
	switch {
	case len(f.Enum) > 0:
		text = strings.Join(f.Enum, ", ")
	case f.Min != nil && f.Max != nil:
		text += fmt.Sprintf(" from %s to %s", number(*f.Min), number(*f.Max))
	case f.Min != nil:
		text += fmt.Sprintf(" from %s", number(*f.Min))
	case f.Max != nil:
		text += fmt.Sprintf(" up to %s", number(*f.Max))
	}
	if f.Default != nil && f.Default != "" {
		text += fmt.Sprintf("; default %v", f.Default)
	}
	return text
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
