package register

import (
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
)

// Judged is what the card takes of the evaluation, whose package would bring all
// estimators into the guest of this step.
type Judged struct {
	Subset string `json:"subset"` // the rows that the model was measured on
	Model  struct {
		Rows int `json:"rows"`
	} `json:"model"`
	Lists struct {
		K int `json:"k"`
	} `json:"lists"` // of a recommendation
}

// Card writes the model card (Mitchell et al., "Model cards for model
// reporting", 2019) as Markdown.
func Card(name string, in events.ModelEvaluatedData, e Judged, m *model.Model) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s", name)
	line("")
	columns := fmt.Sprintf("%d columns of the dataset %s, by %s.", len(m.Inputs), in.Raw.Name, Spoken(in.Estimator))
	switch m.Task {
	case learn.Recommendation:
		line("Recommends `%s` to `%s` by what was done in the dataset %s, by alternating least squares (%s).", in.Raw.Roles[events.RoleItem], in.Raw.Roles[events.RoleUser], in.Raw.Name, in.Estimator)
	case learn.Clustering:
		line("Groups rows that are alike, by %s", columns)
	case learn.AnomalyDetection:
		line("Tells rows apart that are unlike all others, by %s", columns)
	default:
		line("Predicts `%s` (%s) from %s", in.Raw.Target, m.Task, columns)
	}
	line("")
	line("## How good it is")
	line("")
	rows := fmt.Sprintf("On %d test rows that it has not seen", e.Model.Rows)
	if e.Subset != "test" {
		rows = fmt.Sprintf("On the %d rows that it learnt from, which flatters it", e.Model.Rows)
	}
	beside := "a baseline that knows only how the target is distributed"
	switch m.Task {
	case learn.Clustering:
		rows, beside = fmt.Sprintf("On %d %s rows", e.Model.Rows, e.Subset), "all rows as one cluster"
	case learn.AnomalyDetection:
		rows, beside = fmt.Sprintf("On %d %s rows", e.Model.Rows, e.Subset), "any order of the rows that have a label"
	case learn.Recommendation:
		rows = fmt.Sprintf("Lists of %d for %d users, judged by what they came to and the model was not fitted on", e.Lists.K, e.Model.Rows)
		beside = "what most users came to"
	}
	line("%s, beside %s:", rows, beside)
	line("")
	line("| metric | model | baseline |")
	line("|---|---:|---:|")
	for _, k := range sorting.Keys(in.Metrics) {
		base := ""
		if v, ok := in.Baseline[k]; ok {
			base = fmt.Sprintf("%.4f", v)
		}
		line("| %s | %.4f | %s |", k, in.Metrics[k], base)
	}
	line("")
	line("## What it takes")
	line("")
	line("| column | type | required | seen in training |")
	line("|---|---|---|---|")
	for _, input := range m.Inputs {
		seen := ""
		switch {
		case len(input.Values) > 0 && len(input.Values) <= 12:
			seen = strings.Join(input.Values, ", ")
		case len(input.Values) > 0:
			seen = fmt.Sprintf("%d values", len(input.Values))
		case input.Min != nil && input.Max != nil:
			seen = fmt.Sprintf("%.6g to %.6g", *input.Min, *input.Max)
		}
		line("| %s | %v | %v | %s |", cell(input.Name), input.Kind, input.Required, cell(seen))
	}
	line("")
	if m.Task == learn.Recommendation {
		line("One of them is enough: a user, for what is recommended to them; what was just done, for whoever did that; both, for a user who did that since. A user of whom nothing is known gets what most users came to.")
	} else {
		line("What lies outside of what was seen in training is predicted all the same, and less reliably.")
	}
	line("")
	line("## How it was made")
	line("")
	line("- Rows: %d of the dataset, those to learn from and those to judge by together", in.Raw.Rows)
	if len(m.Classes) > 0 && len(m.Classes) <= 20 {
		line("- Classes: %s", strings.Join(m.Classes, ", "))
	}
	if m.Task != learn.Recommendation {
		line("- Features: %d after cleaning and encoding", len(m.Features))
	}
	if params, err := json.Marshal(m.Params); err == nil {
		line("- Parameters: `%s`", params)
	}
	line("- Seed: %d", m.Seed)
	line("- Data: `%s`", in.Raw.Manifest.Digest)
	line("- Model: `%s`", in.Model.Model.Digest)
	line("- Weights: `%s`", in.Model.Weights.Digest)
	return b.String()
}

// cell makes text fit into a cell of a Markdown table.
func cell(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "<", "&lt;")
	return strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "\r", " ")
}

// Spoken is what a model of an estimator is: with an article, or of several without.
func Spoken(estimator string) string {
	switch estimator {
	case "kmeans":
		return "k-means"
	case "als":
		return "recommendations by als"
	case "sgd":
		return "a linear model (sgd)"
	case "linear", "logistic", "ridge", "lasso":
		return "a " + estimator + " regression"
	}
	words := strings.ReplaceAll(estimator, "_", " ")
	switch {
	case strings.HasSuffix(words, "trees"), words == "neighbors", words == "naive Bayes":
		return words
	case strings.IndexByte("aeio", (words + " ")[0]) >= 0:
		return "an " + words
	}
	return "a " + words
}
