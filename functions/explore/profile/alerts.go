package profile

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/table"
)

// alerts names what deserves attention, the most severe first.
func (b *builder) alerts() {
	b.rowAlerts()
	for i := range b.columns {
		b.columnAlerts(&b.columns[i])
	}
	b.pairAlerts()
	b.targetAlerts()
	order := []Severity{High, Medium, Low}
	sorting.Stable(b.p.Alerts, func(x, y Alert) int {
		return cmp.Compare(slices.Index(order, x.Severity), slices.Index(order, y.Severity))
	})
}

func (b *builder) alert(name string, s Severity, columns []string, advice, message string, args ...any) {
	b.p.Alerts = append(b.p.Alerts, Alert{name, columns, s, fmt.Sprintf(message, args...), advice})
}

func (b *builder) rowAlerts() {
	if b.p.Rows == 0 {
		b.alert("empty", High, nil, "Check the upload: there is nothing to learn from.", "The table has no rows.")
		return
	}
	if d := b.p.Duplicates; d > 0 {
		severity := Low
		if d*10 > b.p.Rows {
			severity = Medium
		}
		b.alert("duplicates", severity, nil, "Drop them, unless equal rows are separate observations: a copy in both training and test rows flatters the model.",
			"%s %s an earlier row (%s of all).", plural(d, "row"), verb(d, "equals", "equal"), percent(d, b.p.Rows))
	}
}

func (b *builder) columnAlerts(d *described) {
	l, name := b.o.Limits, []string{d.Name}
	switch d.Role {
	case Empty:
		b.alert("missing", High, name, "Drop the column, or find out why nothing was recorded.", "No row has a value.")
		return
	case Constant:
		b.alert("constant", Medium, name, "Drop the column: it tells no row from another.", "Every value is the same.")
	case Identifier:
		b.alert("identifier", Medium, name, "Leave it out of the features: a model can only learn it by heart.", "Each of the %s rows has a value of its own.", count(d.Count))
	case Categorical:
		if d.Distinct > int64(l.Cardinality) {
			b.alert("high cardinality", Low, name, "Group the rare values, or use target or frequency encoding rather than one-hot.",
				"%s different values in %s rows.", count(d.Distinct), count(d.Count))
		}
	}
	if share := float64(d.Missing) / float64(b.p.Rows); share > l.Missing {
		severity, advice := Low, "Impute it, and keep an indicator where being missing may mean something."
		if share > l.MostMissing {
			severity, advice = High, "Drop the column, or learn why most of it is missing before you impute it."
		}
		b.alert("missing", severity, name, advice, "%s of the values are missing (%s rows).", percent(d.Missing, b.p.Rows), count(d.Missing))
	}
	if d.Infinite > 0 {
		b.alert("infinite", High, name, "Find the division or overflow that made them; cap or remove them.", "%s.", plural(d.Infinite, "infinite value"))
	}
	if d.Role == Numeric && d.Box != nil {
		b.shapeAlerts(d)
	}
}

func (b *builder) shapeAlerts(d *described) {
	l, name := b.o.Limits, []string{d.Name}
	if s := float64(d.Numbers.Skew); math.Abs(s) > l.Skew && d.Distinct > 2 {
		side, advice := "right", "A logarithm or a root helps linear models; trees do not mind."
		if s < 0 {
			side, advice = "left", "A square or another power helps linear models; trees do not mind."
		}
		b.alert("skewed", Low, name, advice, "Skew %s: a long tail to the %s.", signed(s, 1), side)
	}
	if out := d.Box.Below + d.Box.Above; float64(out) > l.Outliers*float64(d.Count) && d.Distinct > 2 {
		b.alert("outliers", Low, name, "Check a few of them; cap them if they are errors, or use a robust scaler.",
			"%s of the values lie beyond 1.5 interquartile ranges (%s below, %s above).", percent(out, d.Count), count(d.Box.Below), count(d.Box.Above))
	}
}

func (b *builder) pairAlerts() {
	c := b.p.Correlation
	if c == nil {
		return
	}
	for i := range c.Columns {
		for j := range i {
			x, y := c.Columns[j], c.Columns[i]
			r, kind := float64(c.Pearson[i][j]), "Pearson"
			if s := float64(c.Spearman[i][j]); math.Abs(s) > math.Abs(r) || math.IsNaN(r) {
				r, kind = s, "Spearman"
			}
			if math.Abs(r) > b.o.Limits.Correlated && x != b.o.Target && y != b.o.Target {
				b.alert("correlated", Medium, []string{x, y}, "One of the two is enough for most models; together they make coefficients hard to read.",
					"%s correlation %s: they say nearly the same.", kind, signed(r, 3))
			}
		}
	}
}

func (b *builder) targetAlerts() {
	t := b.p.Target
	if t == nil {
		return
	}
	for _, a := range t.Associations {
		if evidence := b.leak(a); evidence != "" {
			b.alert("leakage", High, []string{a.Column}, "Make sure that it is known at the time of the prediction, and not made from the target: else drop it.",
				"By itself it all but gives away %s: %s.", t.Name, evidence)
		}
	}
	if d := &b.columns[b.at]; d.Missing > 0 {
		b.alert("target missing", Medium, []string{t.Name}, "These rows cannot be learned from: find the labels, or leave the rows out.",
			"%s %s no value of the target (%s).", plural(d.Missing, "row"), verb(d.Missing, "has", "have"), percent(d.Missing, b.p.Rows))
	}
	if len(t.Classes) < 2 {
		return
	}
	rarest := t.Classes[len(t.Classes)-1]
	known := b.columns[b.at].Count
	if share := float64(rarest.Count) / float64(known); share < b.o.Limits.Imbalance {
		severity := Medium
		if share < 0.01 {
			severity = High
		}
		b.alert("imbalance", severity, []string{t.Name}, "Judge by ROC AUC, recall and precision rather than accuracy; weight the classes or sample them.",
			"The rarest of %d classes, %q, has %s of the rows (%s); the most frequent %s.", len(t.Classes), shorten(rarest.Value, 40),
			percent(rarest.Count, known), count(rarest.Count), percent(t.Classes[0].Count, known))
	}
}

// leak says why a column is suspected of knowing the target; "" where it is not.
func (b *builder) leak(a Association) string {
	limit := b.o.Limits.Leakage
	switch auc, v, lambda := float64(a.AUC), float64(a.Value), float64(a.Lambda); {
	case math.Max(auc, 1-auc) >= limit: // false for NaN
		return fmt.Sprintf("ROC AUC %.3f", math.Max(auc, 1-auc))
	case a.Measure == "cramers_v" && lambda >= 1-float64(5*(1-limit)):
		return fmt.Sprintf("knowing it removes %.1f%% of the errors of a guess", 100*lambda)
	case a.Measure == "spearman" && math.Abs(v) >= limit:
		return fmt.Sprintf("Spearman correlation %s", signed(v, 3))
	case a.Measure == "correlation_ratio" && v >= limit:
		return fmt.Sprintf("correlation ratio %.3f", v)
	}
	if c := b.p.Correlation; c != nil && b.columns[b.at].Type != table.Bool {
		i, j := slices.Index(c.Columns, a.Column), slices.Index(c.Columns, b.o.Target)
		if i >= 0 && j >= 0 && math.Abs(float64(c.Pearson[i][j])) >= limit {
			return fmt.Sprintf("Pearson correlation %s", signed(float64(c.Pearson[i][j]), 3))
		}
	}
	return ""
}
