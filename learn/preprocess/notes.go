package preprocess

import "fmt"

// notes collects what a fit decided; transformers embed it.
type notes struct {
	Said []Note `json:"notes,omitempty"`
}

func (n *notes) note(column string, rows int, format string, args ...any) {
	n.Said = append(n.Said, Note{Column: column, Text: fmt.Sprintf(format, args...), Rows: rows})
}

// Notes says what fitting decided.
func (n *notes) Notes() []Note { return n.Said }

// distinct reports a column that a state names twice.
func distinct(names []string) error {
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		if seen[n] {
			return fmt.Errorf("column %q is there twice", n)
		}
		seen[n] = true
	}
	return nil
}

// many is a number of things in words.
func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
