package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
)

func newExplain(a *app) *cobra.Command {
	var row, to, item string
	c := &cobra.Command{
		Use:   "explain MODEL[@VERSION]",
		Short: "Say what a prediction rests on",
		Long: `Explain what a registered model predicts for a row given as JSON: what each
column adds to the prediction, the most first, from what the model says on average
to what it says of the row. These are Shapley values: they sum to the prediction.
Where the model is not of trees it is explained by comparing with some of its
training rows or, where the store does not have them, as of an imported model, with
a row of missing values, as the model fills them in. With --to it says which nearest changes of the row, to values that training had,
make the model say another class. Of a model that recommends it is what each thing
that a user did adds to the score of an item. VERSION is a number or an alias; champion, the
served one, by default.`,
		Example: `  runnel explain penguins --row '{"bill_length_mm": 40, "island": "Dream"}'
  runnel explain penguins --row @row.json --to Gentoo
  runnel explain penguins@2 --row @row.json --json
  runnel explain routes --row '{"plane": "N3KDAA"}' --item SFO`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if row == "" {
				return usage(fmt.Errorf("give a row with --row"))
			}
			v, err := readRow(row)
			if err != nil {
				return err
			}
			conn, err := a.connect(cmd.Context(), looking)
			if err != nil {
				return err
			}
			defer conn.close()
			name, version, _ := strings.Cut(args[0], "@")
			_, m, err := modelOf(cmd.Context(), conn, name, version)
			if err != nil {
				return err
			}
			if m.Task == learn.Recommendation {
				return a.why(m, v, item)
			}
			if item != "" {
				return usage(fmt.Errorf("--item is of models that recommend: %s predicts by a %s", name, m.Task))
			}
			rows, err := m.FromJSON(v)
			if err != nil {
				return err
			}
			if to != "" {
				flips, err := explain.Flips(cmd.Context(), m, rows, to)
				if err != nil {
					return err
				}
				return a.print(flips, func() { a.printFlips(flips, to) })
			}
			others, err := background(cmd.Context(), conn, m)
			if err != nil {
				return err
			}
			e, err := explain.Rows(cmd.Context(), m, rows, others, nil)
			if err != nil {
				return fmt.Errorf("explaining the model %s: %w", name, err)
			}
			return a.print(e, func() { a.printExplanation(e) })
		},
	}
	c.Flags().StringVar(&row, "row", "", "a row as a JSON object of columns and values, a list of such rows, or @FILE that holds one")
	c.Flags().StringVar(&to, "to", "", "the class that the model is to say: which nearest changes of the row bring it there")
	c.Flags().StringVar(&item, "item", "", "of a model that recommends: explain this item, and not those of the list")
	return c
}

// why explains the list of whoever asks a model that recommends, or one item.
func (a *app) why(m *model.Model, row any, item string) error {
	questions, err := m.Questions(row)
	if err != nil {
		return err
	}
	const most = 10
	all := []explain.Because{}
	for _, q := range questions {
		because, err := explain.Why(m, q, item, most)
		if err != nil {
			return err
		}
		all = append(all, because...)
	}
	return a.print(all, func() {
		for i, b := range all {
			if i > 0 {
				fmt.Fprintln(a.out)
			}
			fmt.Fprintf(a.out, "%s %.3f, because of\n", b.Item, b.Score)
			rows := [][]string{}
			for _, r := range b.Reasons {
				rows = append(rows, []string{"  " + r.Item, fmt.Sprintf("%+.3f", r.Adds)})
			}
			if b.Rest != 0 {
				rows = append(rows, []string{"  the rest", fmt.Sprintf("%+.3f", b.Rest)})
			}
			columns(a.out, rows, 1)
		}
	})
}

func (a *app) printFlips(flips []explain.Flip, to string) {
	if len(flips) == 0 {
		a.say("No change of up to three columns makes the model say %s.", to)
		return
	}
	for i, f := range flips {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		fmt.Fprintf(a.out, "%s, with a probability of %.3g, if\n", to, f.Probability)
		rows := [][]string{}
		for _, c := range f.Changes {
			rows = append(rows, []string{"  " + c.Column, "were " + c.To, "and not " + c.From})
		}
		columns(a.out, rows)
	}
}

// readRow reads what --row gives: JSON, or the name of a file of it after an @.
func readRow(row string) (any, error) {
	if path, ok := strings.CutPrefix(row, "@"); ok {
		b, err := readFile(path)
		if err != nil {
			return nil, usage(fmt.Errorf("--row: %w", err))
		}
		row = string(b)
	}
	d := json.NewDecoder(strings.NewReader(row))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, usage(fmt.Errorf("--row is not JSON: %w", err))
	}
	return v, nil
}

// modelOf reads a version of a model from the node.
func modelOf(ctx context.Context, conn *connection, name, version string) (modelVersion, *model.Model, error) {
	known, err := conn.Model(ctx, name)
	if err != nil {
		return modelVersion{}, nil, err
	}
	v, err := versionOf(known, version)
	if err != nil {
		return v, nil, err
	}
	var files [2][]byte
	for i, ref := range []string{v.Files.Model.Digest, v.Files.Weights.Digest} {
		r, err := conn.Artifact(ctx, ref)
		if err == nil {
			files[i], err = io.ReadAll(r)
			_ = r.Close()
		}
		if err != nil {
			return v, nil, fmt.Errorf("reading the model %s: %w", name, err)
		}
	}
	m, err := model.Decode(files[0], files[1])
	return v, m, err
}

func (a *app) printExplanation(e *explain.Explanation) {
	for i := range e.Rows {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		said := e.Row(i)
		fmt.Fprintf(a.out, "%s %s, on average %s\n", said.Of, said.Total, said.Base)
		rows := [][]string{}
		for _, s := range said.Steps {
			rows = append(rows, []string{"  " + s.Label, s.Text})
		}
		columns(a.out, rows, 1)
	}
}
