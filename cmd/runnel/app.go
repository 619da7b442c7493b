package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/internal/buildid"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/fetch"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

// app is what the commands share: where they write, and which node they ask.
type app struct {
	out, err io.Writer
	dir      string
	json     bool
	verbose  bool
	private  bool            // URLs may name private addresses
	named    bool            // the command line names the folder
	alone    bool            // this command has the folder for as long as its user looks at it
	guests   string          // folder of WASM guests; "": that of scripts/build
	lambda   string          // name or addresses of the Lambdas
	command  string          // the one that was called, without runnel
	typed    map[string]bool // flags that stand on the command line
}

func (a *app) fail(err error) {
	text := err.Error()
	if terminal(a.err) {
		text = harmless(text)
	}
	if a.json {
		said := &api.Error{Message: text}
		_ = errors.As(err, &said) // with the column that it is about
		input := &model.InputError{Column: said.Column}
		_ = errors.As(err, &input)
		b, _ := json.Marshal(map[string]*api.Error{"error": {Message: text, Column: input.Column}})
		fmt.Fprintln(a.err, string(b))
		return
	}
	fmt.Fprintln(a.err, a.style(a.err, red, "error:"), text)
}

// name is how this command is called for the same folder once more, for hints.
func (a *app) name() string {
	if a.named {
		return "runnel --data " + quote(a.dir)
	}
	return "runnel"
}

// say writes a message for a person.
func (a *app) say(format string, args ...any) { fmt.Fprintf(onScreen(a.err), format+"\n", args...) }

// print writes v as JSON where --json asks for it, and otherwise calls text.
func (a *app) print(v any, text func()) error {
	if !a.json {
		out := a.out
		defer func() { a.out = out }()
		a.out = onScreen(out)
		text()
		return nil
	}
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (a *app) log() *slog.Logger {
	if !a.verbose {
		return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// options say what a node is made of.
func (a *app) options(observers ...engine.Observer) *node.Options {
	return &node.Options{
		Functions: all.Functions(), Fetch: fetch.New(&fetch.Options{AllowPrivate: a.private}).Get, Build: buildid.ID(),
		Hosts: a.hosts(), Observers: observers, Log: a.log(),
	}
}

func (a *app) defaultPipeline() (*pipeline.Pipeline, error) { return pipeline.Default(all.Functions()) }
