package boost

import (
	"math"

	"github.com/runnel-dev/runnel/learn/vector"
)

// divideFast is divideRows for as many rows as it says are done.
func divideFast(front, rows, spare []uint32, bins []uint8, stride int, left *binSet) (goLeft, done int) {
	n := len(rows) &^ 15
	if n == 0 || len(spare) < n+16 || len(bins) > math.MaxInt32 || !vector.Has512() {
		return 0, 0
	}
	return divide512(&front[0], &rows[0], &spare[0], n, &bins[0], uint32(stride), left), n
}

// roundFast is coarse.of for as many rows as it returns.
func roundFast(adds []word, rows []uint32, words []word, unit coarse) int {
	n := len(rows) &^ 7
	if n == 0 || len(adds) < n || len(words) > math.MaxInt32 || !vector.Has512() {
		return 0
	}
	round512(&adds[0], &rows[0], n, &words[0], uint64(unit.gradientShift), uint64(unit.hessianShift))
	return n
}

//go:noescape
func divide512(front, rows, spare *uint32, n int, bins *uint8, stride uint32, left *binSet) (goLeft int)

//go:noescape
func round512(adds *word, rows *uint32, n int, words *word, gradientShift, hessianShift uint64)
