//go:build !amd64

package recommend

// throughFast is throughPlain where it says so: nowhere here.
func throughFast(_, _, _ []float32) bool { return false }

// gatherFast is gatherPlain where it says so: nowhere here.
func gatherFast(_, _, _ []float32, _ []int32, _ []float32, _, _ float32) bool { return false }
