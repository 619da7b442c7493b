package tune

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/learn/search/crossval"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/chart"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
)

// shown is how many trials the table of a report has: the best.
const shown = 30

// page is the report of a search.
func (r *run) page(in events.FeaturesBuiltData, best search.Trial) []byte {
	trials := r.study.Trials()
	p := &report.Page{
		Kind:  "Search",
		Title: fmt.Sprintf("%s of %s", cmp.Or(in.Raw.Target, in.Raw.Task), in.Raw.Name),
		Lead:  fmt.Sprintf("%d sets of parameters were tried, each by %s. Best: %s.", len(trials), r.by(), words(best.Params)),
		Facts: []report.Fact{
			{Name: r.metric, Value: number(best.Score), Detail: r.spread(best)},
			{Name: "trials", Value: format.Count(int64(len(trials))), Detail: r.counts()},
			{Name: "best trial", Value: format.Count(int64(best.Number + 1))},
		},
	}
	if r.bag != nil {
		p.Sections = append(p.Sections, report.Section{ID: "vote", Title: "Vote", Count: len(r.bag.Picks()), Lead: fmt.Sprintf("The trials whose mean prediction did best on rows that none of them was fitted on: %s %s, the best alone %s.", r.metric, number(r.bag.Score()), number(best.Score)), Body: r.vote(trials)})
	}
	p.Sections = append(p.Sections,
		report.Section{ID: "clusters", Title: "Number of clusters", Lead: "The best trial of each number of clusters. A silhouette is best where it is largest. Inertia only falls; clusters that are there end in an elbow, after which it falls less.", Body: r.elbow(trials)},
		report.Section{ID: "history", Title: "History", Lead: "The score of each trial, and the best until then.", Body: r.history(trials)},
		report.Section{ID: "parameters", Title: "Parameters", Lead: "Each trial's score against each of its parameters, the first trials in orange, the last in blue.", Body: r.slices(trials)},
		report.Section{ID: "trials", Title: "Trials", Count: len(trials), Lead: "The best trials. The artifact study has all of them.", Body: r.table(trials)},
	)
	return p.HTML()
}

// by is how trials were measured.
func (r *run) by() string {
	if r.folds == 1 {
		return "the rows that it was fitted on"
	}
	if r.plan.task == learn.Recommendation {
		return fmt.Sprintf("cross-validation in %d folds of each user's items", r.folds)
	}
	return fmt.Sprintf("cross-validation in %d folds of the training rows", r.folds)
}

// spread is how far the folds' scores of a trial are from their mean.
func (r *run) spread(t search.Trial) string {
	if r.folds == 1 {
		return ""
	}
	return fmt.Sprintf("mean of the folds, ± %.2g", crossval.Deviation(t.Scores))
}

// clusters is how many clusters a trial makes; false where it is no clustering.
func clusters(t search.Trial) (float64, bool) {
	k, err := strconv.ParseFloat(fmt.Sprint(t.Params[cluster.Kind+".k"]), 64)
	return k, err == nil
}

// mostClusters says that the best trial has the largest number of clusters that was
// tried, of several; "" where it has not.
func (r *run) mostClusters(best search.Trial) string {
	most, counted := clusters(best)
	least := most
	for _, t := range r.study.Trials() {
		if k, ok := clusters(t); ok && t.State == search.Complete {
			least, most = min(least, k), max(most, k)
		}
	}
	k, _ := clusters(best)
	switch {
	case !counted || k < most || least == most:
		return ""
	case r.metric == "inertia":
		return fmt.Sprintf("k: %v, the most that was tried: inertia falls with every further cluster, so choose by the elbow in the report, or search by another metric", k)
	}
	return fmt.Sprintf("k: %v is the most that was tried, and more clusters may do better: search further, as by tune.space={kmeans: {k: {int: [%v, %v]}}}", k, k, 3*k)
}

// elbow draws the metrics of clusterings against how many clusters there are.
func (r *run) elbow(trials []search.Trial) markup.HTML {
	best := map[float64]search.Trial{}
	for _, t := range trials {
		k, counted := clusters(t)
		if before, ok := best[k]; counted && t.State == search.Complete && (!ok || r.better(t.Score, before.Score)) {
			best[k] = t
		}
	}
	if len(best) < 2 {
		return ""
	}
	var figures []markup.HTML
	for _, metric := range []string{"silhouette", "inertia", "calinski_harabasz", "davies_bouldin"} {
		s := chart.Series{Name: metric, Dots: true}
		for _, k := range slices.Sorted(maps.Keys(best)) {
			if v, ok := best[k].Also[metric]; ok {
				s.X, s.Y = append(s.X, k), append(s.Y, v)
			}
		}
		figures = append(figures, report.Figure(metric, "", (&chart.Lines{Title: metric + " by number of clusters", XLabel: "clusters", YLabel: metric, Series: []chart.Series{s}, Width: 340, Height: 260}).SVG()))
	}
	return report.Figures(figures...)
}

func (r *run) counts() string {
	var out []string
	for _, s := range []search.State{search.Complete, search.Pruned, search.Failed} {
		if n := r.study.Count(s); n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(out, ", ")
}

func (r *run) better(a, b float64) bool { return (a < b) == r.study.Minimize() && a != b }

func (r *run) history(trials []search.Trial) markup.HTML {
	var each, best chart.Series
	each.Name, each.Dots, best.Name = "trial", true, "best so far"
	top := math.NaN()
	for _, t := range trials {
		if t.State != search.Complete {
			continue
		}
		x := float64(t.Number + 1)
		each.X, each.Y = append(each.X, x, math.NaN()), append(each.Y, t.Score, math.NaN())
		if math.IsNaN(top) || r.better(t.Score, top) {
			top = t.Score
		}
		best.X, best.Y = append(best.X, x), append(best.Y, top)
	}
	return (&chart.Lines{Title: "History of the search", XLabel: "trial", YLabel: r.metric, Series: []chart.Series{each, best}, Width: 640}).SVG()
}

// slices draws the score against each parameter.
func (r *run) slices(trials []search.Trial) markup.HTML {
	var figures []markup.HTML
	for _, p := range r.study.Space().Params() {
		if p.Kind == search.Choice && len(p.Choices) < 2 {
			continue
		}
		c := &chart.Scatter{Title: p.Name, XLabel: p.Name, YLabel: r.metric, Width: 340, Height: 260}
		log := p.Kind == search.LogUniform || p.Kind == search.LogInt
		if log {
			c.XLabel = "log10 of " + p.Name
		}
		for _, choice := range p.Choices {
			c.Names = append(c.Names, fmt.Sprint(choice))
		}
		for _, t := range trials {
			v, ok := t.Params[p.Name]
			if !ok || t.State != search.Complete {
				continue
			}
			x := float64(slices.Index(c.Names, fmt.Sprint(v)))
			if p.Kind != search.Choice {
				x, _ = strconv.ParseFloat(fmt.Sprint(v), 64)
			}
			if log {
				x = portable.Log(x) / math.Ln10
			}
			c.X, c.Y, c.Shade = append(c.X, x), append(c.Y, t.Score), append(c.Shade, float64(t.Number+1)/float64(len(trials)))
		}
		figures = append(figures, report.Figure(p.Name, "", c.SVG()))
	}
	return report.Figures(figures...)
}

func (r *run) table(trials []search.Trial) markup.HTML {
	ranked := slices.DeleteFunc(slices.Clone(trials), func(t search.Trial) bool { return t.State != search.Complete })
	slices.SortStableFunc(ranked, func(a, b search.Trial) int {
		switch {
		case r.better(a.Score, b.Score):
			return -1
		case r.better(b.Score, a.Score):
			return 1
		}
		return 0
	})
	t := &report.Table{Caption: "Trials", Head: []string{"trial", "parameters", r.metric, "± of the folds"}, Text: 2}
	for _, x := range ranked[:min(len(ranked), shown)] {
		t.Rows = append(t.Rows, []string{fmt.Sprint(x.Number + 1), words(x.Params), number(x.Score), fmt.Sprintf("%.2g", crossval.Deviation(x.Scores))})
	}
	if r.folds == 1 { // there is nothing to deviate
		t.Head = t.Head[:3]
		for i, row := range t.Rows {
			t.Rows[i] = row[:3]
		}
	}
	return t.HTML()
}

// vote is the table of the trials that vote.
func (r *run) vote(trials []search.Trial) markup.HTML {
	picks := r.bag.Picks()
	t := &report.Table{Caption: "Votes", Head: []string{"trial", "parameters", "votes", r.metric}, Text: 2}
	for _, n := range slices.Sorted(maps.Keys(picks)) {
		t.Rows = append(t.Rows, []string{fmt.Sprint(n + 1), words(trials[n].Params), fmt.Sprint(picks[n]), number(trials[n].Score)})
	}
	return t.HTML()
}

func number(v float64) string { return fmt.Sprintf("%.4g", v) }
