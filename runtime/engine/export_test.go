package engine

import "fmt"

// MarkKey is where the n-th attempt at an event is marked as begun.
func MarkKey(run, pipeline, step, event string, n int) string {
	return marksKey(answerID(run, pipeline, step, event)) + fmt.Sprintf("/%04d", n)
}
