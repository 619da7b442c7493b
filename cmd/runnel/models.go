package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/runtime/node/api"
)

func newModels(a *app) *cobra.Command {
	list := a.asking("list", "List the models and their versions", cobra.NoArgs, func(cmd *cobra.Command, c *connection, _ []string) error {
		models, err := c.Models(cmd.Context())
		if err != nil {
			return err
		}
		return a.print(models, func() {
			if len(models) == 0 {
				a.say("No models yet. Next: runnel run FILE --target COLUMN")
				return
			}
			rows := [][]string{{"MODEL", "VERSION", "ALIASES", "ESTIMATOR", "TARGET", "SCORE", "STAGE", "REGISTERED"}}
			for _, m := range models {
				for _, v := range m.Versions {
					rows = append(rows, []string{m.Name, fmt.Sprint(v.Version), strings.Join(aliasesOf(m, v.Version), ", "), v.Estimator, v.Target, score(v.Metrics), v.Stage, ago(v.RegisteredAt)})
				}
			}
			columns(a.out, rows, 1)
		})
	})
	show := a.asking("show MODEL[@VERSION]", "Show the card of a model", cobra.ExactArgs(1), func(cmd *cobra.Command, c *connection, args []string) error {
		name, version, _ := strings.Cut(args[0], "@")
		m, err := c.Model(cmd.Context(), name)
		if err != nil {
			return err
		}
		v := slices.IndexFunc(m.Versions, func(v modelVersion) bool {
			return version == "" || version == fmt.Sprint(v.Version) || (m.Aliases[version] == v.Version)
		})
		if v < 0 {
			return fmt.Errorf("model %s has no version %s: runnel models list", name, version)
		}
		return a.print(m.Versions[v], func() {
			fmt.Fprintf(a.out, "version %d  %s\n\n", m.Versions[v].Version, strings.Join(aliasesOf(m, m.Versions[v].Version), ", "))
			r, err := c.Artifact(cmd.Context(), m.Versions[v].Card.Digest)
			if err != nil {
				a.fail(err)
				return
			}
			defer r.Close()
			_, _ = io.Copy(a.out, r)
		})
	})
	var alias string
	promote := a.asking("promote MODEL VERSION", "Serve a version: point the alias champion at it", cobra.ExactArgs(2), func(cmd *cobra.Command, c *connection, args []string) error {
		version, err := strconv.Atoi(args[1])
		if err != nil || version < 1 {
			return usage(fmt.Errorf("%q is not the number of a version", args[1]))
		}
		move, err := c.Promote(cmd.Context(), args[0], api.Promotion{Version: version, Alias: alias})
		if err != nil {
			return err
		}
		return a.print(move, func() { a.printMove(args[0], move) })
	})
	promote.Flags().StringVar(&alias, "alias", "champion", "alias to point at the version")
	var back string
	rollback := a.asking("rollback MODEL", "Serve the version that was served before", cobra.ExactArgs(1), func(cmd *cobra.Command, c *connection, args []string) error {
		move, err := c.Rollback(cmd.Context(), args[0], api.Promotion{Alias: back})
		if err != nil {
			return err
		}
		return a.print(move, func() { a.printMove(args[0], move) })
	})
	rollback.Flags().StringVar(&back, "alias", "champion", "alias to move back")
	return group("models", "List, show, promote and roll back models", list, show, promote, rollback)
}

func aliasesOf(m api.Model, version int) []string {
	var out []string
	for alias, v := range m.Aliases {
		if v == version {
			out = append(out, alias)
		}
	}
	slices.Sort(out)
	return out
}

func score(metrics map[string]float64) string {
	for _, name := range []string{"accuracy", "r2"} {
		if v, ok := metrics[name]; ok {
			return fmt.Sprintf("%s %.3f", name, v)
		}
	}
	return ""
}

func (a *app) printMove(name string, m api.Move) {
	if m.From == 0 {
		fmt.Fprintf(a.out, "%s: %s is version %d\n", name, m.Alias, m.To)
		return
	}
	fmt.Fprintf(a.out, "%s: %s is version %d, was %d\n", name, m.Alias, m.To, m.From)
}
