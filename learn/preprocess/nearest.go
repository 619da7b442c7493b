package preprocess

import "strings"

// Nearest returns the name most like a misspelt one (least edit distance,
// letter case aside), or "" when none is near: a third of the letters may differ.
func Nearest(name string, names []string) string {
	best, least := "", (len([]rune(name))+1)/3+1
	for _, n := range names {
		if d := editDistance([]rune(strings.ToLower(name)), []rune(strings.ToLower(n)), least); d < least {
			best, least = n, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance, or limit where it is no less.
func editDistance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diagonal
			if x != y {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return min(row[len(b)], limit)
}
