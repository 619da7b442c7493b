package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/examples/steps"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

func newFunction(a *app) *cobra.Command {
	var lang string
	var names []string
	for _, l := range steps.Languages() {
		names = append(names, l.Name)
	}
	c := &cobra.Command{
		Use:   "new FOLDER --lang LANGUAGE",
		Short: "Start a function of your own, in a language that compiles to WASI",
		Long: `Start a function of your own: a folder with a working one to change, named as the
folder is, and a pipeline that it is a step of. docs/steps.md leads through it.`,
		Example: "  runnel functions new steps/ratio --lang c\n  (cd steps/ratio && zig cc ...)     as it says\n  runnel dev penguins.csv --pipeline steps/ratio/pipeline.yaml --target species",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := steps.Find(lang)
			if err != nil {
				return usage(fmt.Errorf("--lang: %w", err))
			}
			return a.newFunction(args[0], l)
		},
	}
	c.Flags().StringVar(&lang, "lang", "go", strings.Join(names, ", "))
	return c
}

func (a *app) newFunction(dir string, l steps.Language) error {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	name := filepath.Base(whole)
	if all.Functions()[name] != nil {
		return usage(fmt.Errorf("%s is a function of runnel: name the folder otherwise, as the new one is named after it", name))
	}
	files, err := l.New(name)
	if err != nil {
		return err
	}
	spec, err := pipeline.ParseFunction(pipeline.FunctionFile, bytes.NewReader(files[pipeline.FunctionFile]))
	var problems pipeline.Problems
	if errors.As(err, &problems) {
		return usage(errors.New(problems[0].Message)) // its name
	}
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		return usage(fmt.Errorf("%s is there already, and not empty: name another folder", dir))
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil {
			return err
		}
	}
	build := spec.Build
	if l.First != "" {
		build = l.First + " && " + build
	}
	file := filepath.Join(dir, pipeline.FunctionFile)
	a.say("%s is a function in %s that works: change it in %s, and what it takes in %s.\nIt is built with %s.\n", dir, l.Name, filepath.Join(dir, filepath.FromSlash(l.Source)), file, l.Needs)
	a.say("Next: (cd %s && %s)", quote(dir), build)
	a.say("      runnel dev FILE --pipeline %s --target COLUMN   builds and runs it whenever you save", quote(filepath.Join(dir, "pipeline.yaml")))
	return nil
}
