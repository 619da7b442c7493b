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

// Text draws the graph as a tree of steps below the events that start them.
func (p *Pipeline) Text() string {
	var b strings.Builder
	edges := p.Edges()
	var tree func(s *BoundStep, indent string)
	tree = func(s *BoundStep, indent string) {
		var out []Edge
		for _, e := range edges {
			if e.From == s {
				out = append(out, e)
			}
		}
		for i, e := range out {
			branch, next := "├─ ", "│  "
			if i == len(out)-1 {
				branch, next = "└─ ", "   "
			}
			fmt.Fprintf(&b, "%s%s%s  (%s)\n", indent, branch, e.To.Name, events.ShortType(e.Type))
			tree(e.To, indent+next)
		}
	}
	for _, root := range p.Roots() {
		fmt.Fprintf(&b, "%s\n", events.ShortType(root))
		for _, s := range p.Steps {
			if slices.ContainsFunc(s.On, func(t Trigger) bool { return t.Type == root }) {
				fmt.Fprintf(&b, "└─ %s\n", s.Name)
				tree(s, "   ")
			}
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
