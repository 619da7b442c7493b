//go:build !amd64

package tree

func fastTallies() bool { return false }

func mark(seen *[4]uint64, there *[256]uint8) { markPlain(seen, there) }

func sumSides(*uint32, *uint8, *side, int, int, *[tallied]uint32) {}

func addEach(*uint32, *uint8, *uint32, *uint32, int, *uint8, int) {}
