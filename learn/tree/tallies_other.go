//go:build !amd64

package tree

func fastTallies() bool { return false }

func (t *tallies) mark(seen *[4]uint64) { t.markPlain(seen) }

func sumSides(*[256 * tallied]uint32, *uint8, *side, int, int, *[tallied]uint32) {}

func addSome(*[256 * tallied]uint32, *[256]uint8, *uint32, *uint16, *uint64, int, *uint8, int) {}

func addEach(*[256 * tallied]uint32, *[256]uint8, *uint32, *uint16, int, *uint8, int) {}
