//go:build !amd64

package boost

// divideFast is divideRows for as many rows as it says are done: for none here.
func divideFast(_, _, _ []uint32, _ []uint8, _ int, _ *binSet) (goLeft, done int) { return 0, 0 }

// roundFast is coarse.of for as many rows as it returns: for none here.
func roundFast([]word, []uint32, []word, coarse) int { return 0 }
