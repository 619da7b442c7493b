package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

func newModels(a *app) *cobra.Command {
	list := a.asking("list", "List the models and their versions", cobra.NoArgs, looking, func(cmd *cobra.Command, c *connection, _ []string) error {
		models, err := c.Models(cmd.Context())
		if err != nil {
			return err
		}
		return a.print(models, func() {
			if len(models) == 0 {
				a.say("No models yet. Next: %s run FILE --target COLUMN", a.name())
				return
			}
			rows := [][]string{{"MODEL", "VERSION", "SCORE", "ESTIMATOR", "TARGET", "REGISTERED", "ALIASES"}}
			for _, m := range models {
				for _, v := range slices.Backward(m.Versions) {
					rows = append(rows, []string{m.Name, fmt.Sprint(v.Version), score(v.Metrics), v.Estimator, v.Target, ago(v.RegisteredAt), strings.Join(aliasesOf(m, v.Version), ", ")})
				}
			}
			columns(a.out, rows, 1)
		})
	})
	show := a.asking("show MODEL[@VERSION]", "Show the card of a model", cobra.ExactArgs(1), looking, func(cmd *cobra.Command, c *connection, args []string) error {
		name, version, _ := strings.Cut(args[0], "@")
		m, err := c.Model(cmd.Context(), name)
		if err != nil {
			return err
		}
		v, err := shownVersion(m, version)
		if err != nil {
			return err
		}
		card, err := readArtifact(cmd.Context(), c, v.Card.Digest)
		if err != nil {
			return fmt.Errorf("the card of %s version %d: %w", name, v.Version, err)
		}
		return a.print(v, func() {
			fmt.Fprintf(a.out, "%s version %d", name, v.Version)
			for _, is := range append([]string{v.Stage}, aliasesOf(m, v.Version)...) {
				fmt.Fprintf(a.out, ", %s", is)
			}
			fmt.Fprint(a.out, "\n\n")
			for line := range strings.Lines(string(card)) {
				if line = strings.TrimRight(line, "\n"); !strings.HasPrefix(line, "|") { // a table's row is one line
					line = hang(line, 0, screenOf(a.out))
				}
				fmt.Fprintln(a.out, line)
			}
		})
	})
	var alias string
	promote := a.asking("promote MODEL VERSION", "Serve a version: point the alias champion at it", cobra.ExactArgs(2), looking, func(cmd *cobra.Command, c *connection, args []string) error {
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
	rollback := a.asking("rollback MODEL", "Serve the version that was served before", cobra.ExactArgs(1), looking, func(cmd *cobra.Command, c *connection, args []string) error {
		move, err := c.Rollback(cmd.Context(), args[0], api.Promotion{Alias: back})
		if err != nil {
			return err
		}
		return a.print(move, func() { a.printMove(args[0], move) })
	})
	rollback.Flags().StringVar(&back, "alias", "champion", "alias to move back")
	return group("models", "List, show, promote, roll back, export and import models", list, show, promote, rollback, newModelsExport(a), newModelsImport(a))
}

// shownVersion is versionOf for who only looks: of a model that is not served it is the
// newest.
func shownVersion(m api.Model, name string) (modelVersion, error) {
	if _, served := m.Aliases[registry.Champion]; name == "" && !served && len(m.Versions) > 0 {
		return m.Versions[len(m.Versions)-1], nil
	}
	return versionOf(m, name)
}

// versionOf finds a version by its number or an alias; by default the one that
// is served.
func versionOf(m api.Model, name string) (modelVersion, error) {
	name = cmp.Or(name, registry.Champion)
	number, err := strconv.Atoi(name)
	if err != nil {
		number = m.Aliases[name]
	}
	for _, v := range m.Versions {
		if v.Version == number {
			return v, nil
		}
	}
	if name == registry.Champion && len(m.Versions) > 0 {
		return modelVersion{}, fmt.Errorf("the model %[1]s has no version that is served: `runnel models promote %[1]s VERSION` makes one so, or name one, as in %[1]s@%[2]d", m.Name, m.Versions[len(m.Versions)-1].Version)
	}
	return modelVersion{}, fmt.Errorf("the model %s has no version %s: `runnel models list` shows those that there are", m.Name, name)
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
	for _, name := range []string{"accuracy", "r2", "silhouette", "ndcg_at_k", "roc_auc", "anomaly_share"} {
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
