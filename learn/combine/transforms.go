package combine

import "github.com/runnel-dev/runnel/learn/preprocess"

// Transforms are what makes, of the features of the whole, those that the model
// takes: columns are the features that a table is made of under names, nil being
// all; the graph transforms that, and the model takes these columns of the result.
// Where there is no graph it takes the table's columns as they are.
func (p Part) Transforms() (columns []int, names []string, g *preprocess.Graph, takes []string) {
	return p.of.columns, p.of.names, p.of.graph, p.of.takes
}
