package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/runnel-dev/runnel/internal/nearest"
)

// configure fills in the flags that the command line does not set: from the
// environment (RUNNEL_LISTEN for --listen), and then from the file config.yaml
// in the node's folder, whose keys are the flags' names.
func (a *app) configure(cmd *cobra.Command) error {
	a.named = cmd.Flags().Changed("data")
	a.command = strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
	a.typed = map[string]bool{}
	cmd.Flags().Visit(func(f *pflag.Flag) { a.typed[f.Name] = true })
	var errs []error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "RUNNEL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v, ok := os.LookupEnv(name); ok && !f.Changed && f.Name != "help" {
			if err := cmd.Flags().Set(f.Name, v); err != nil {
				errs = append(errs, usage(fmt.Errorf("the environment variable %s: %w", name, err)))
			}
		}
	})
	path := filepath.Join(a.dir, "config.yaml")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return errors.Join(errs...)
	}
	var file map[string]any
	if err == nil {
		err = yaml.Unmarshal(b, &file)
	}
	if err != nil {
		return usage(fmt.Errorf("%s: %w", path, err))
	}
	known := flagNames(cmd.Root())
	for _, name := range slices.Sorted(maps.Keys(file)) {
		if !slices.Contains(known, name) {
			errs = append(errs, usage(fmt.Errorf("%s: no command has a flag --%s%s", path, name, nearest.Hint(name, known))))
			continue
		}
		f := cmd.Flags().Lookup(name)
		if f == nil || f.Changed {
			continue
		}
		values, ok := file[name].([]any)
		if !ok {
			values = []any{file[name]}
		}
		for _, v := range values {
			if err := cmd.Flags().Set(name, fmt.Sprint(v)); err != nil {
				errs = append(errs, usage(fmt.Errorf("%s: %s: %w", path, name, err)))
			}
		}
	}
	return errors.Join(errs...)
}

// flagNames lists the flags of a command and of those below it, but --data,
// which says where the file is.
func flagNames(c *cobra.Command) []string {
	var out []string
	add := func(f *pflag.Flag) {
		if f.Name != "data" && f.Name != "help" {
			out = append(out, f.Name)
		}
	}
	c.Flags().VisitAll(add)
	c.PersistentFlags().VisitAll(add)
	for _, sub := range c.Commands() {
		out = append(out, flagNames(sub)...)
	}
	return out
}
