package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/events"
)

// An Edge leads from a step to one that answers a type of event that it emits.
type Edge struct {
	From, To *BoundStep
	Type     string
}

// Edges lists the edges of the pipeline's graph, by the order of its steps.
func (p *Pipeline) Edges() []Edge {
	var edges []Edge
	for _, from := range p.Steps {
		for _, typ := range from.Fn.Emits {
			for _, to := range p.Steps {
				for _, t := range to.On {
					if t.Type == typ && (len(t.From) == 0 || slices.Contains(t.From, from.Name)) {
						edges = append(edges, Edge{from, to, typ})
					}
				}
			}
		}
	}
	return edges
}

// Text draws the graph as a tree of steps below the events that start them. What
// follows on a step is drawn where the step is first; "..." stands for it then.
func (p *Pipeline) Text() string {
	var b strings.Builder
	next := map[*BoundStep][]Edge{}
	for _, e := range p.Edges() {
		next[e.From] = append(next[e.From], e)
	}
	drawn := map[*BoundStep]bool{}
	var tree func(s *BoundStep, indent, branch, why string)
	tree = func(s *BoundStep, indent, branch, why string) {
		again := ""
		if drawn[s] && len(next[s]) > 0 {
			again = " ..."
		}
		fmt.Fprintf(&b, "%s%s%s%s%s\n", indent, branch, s.Name, why, again)
		if drawn[s] {
			return
		}
		drawn[s] = true
		indent += map[string]string{"├─ ": "│  ", "└─ ": "   "}[branch]
		for i, e := range next[s] {
			branch := "├─ "
			if i == len(next[s])-1 {
				branch = "└─ "
			}
			tree(e.To, indent, branch, "  ("+events.ShortType(e.Type)+")")
		}
	}
	for _, root := range p.Roots() {
		fmt.Fprintf(&b, "%s\n", events.ShortType(root))
		first := slices.DeleteFunc(slices.Clone(p.Steps), func(s *BoundStep) bool {
			return !slices.ContainsFunc(s.On, func(t Trigger) bool { return t.Type == root })
		})
		for i, s := range first {
			branch := "├─ "
			if i == len(first)-1 {
				branch = "└─ "
			}
			tree(s, "", branch, "")
		}
	}
	return b.String()
}

// Mermaid draws the graph in the language of mermaid.js.
func (p *Pipeline) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	id := func(s string) string { return strings.NewReplacer("-", "_", ".", "_").Replace(s) }
	for _, root := range p.Roots() {
		fmt.Fprintf(&b, "  %s([%s])\n", id(root), events.ShortType(root))
	}
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "  step_%s[%s]\n", id(s.Name), s.Name)
	}
	for _, root := range p.Roots() {
		for _, s := range p.Steps {
			if slices.ContainsFunc(s.On, func(t Trigger) bool { return t.Type == root }) {
				fmt.Fprintf(&b, "  %s --> step_%s\n", id(root), id(s.Name))
			}
		}
	}
	for _, e := range p.Edges() {
		fmt.Fprintf(&b, "  step_%s -- %s --> step_%s\n", id(e.From.Name), events.ShortType(e.Type), id(e.To.Name))
	}
	return b.String()
}
