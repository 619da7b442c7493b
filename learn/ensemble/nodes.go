package ensemble

import "fmt"

// Deepest bounds the splits on a path: what explains or writes trees goes down
// them again and again, and for each feature of a path.
const Deepest = 4096

// Depths checks the nodes of trees as the states of models hold them, one after the
// other: trees holds where each begins, and the end; a split has its left child,
// numbered from the start of its tree, and the right one is the next; a leaf has
// feature -1. Every node but the first of a tree is the child of one that is
// before it, so that there is one way to it. It gives how deep each node is.
func Depths(trees []int64, feature, left []int32) ([]int32, error) {
	n, last := len(feature), len(trees)-1
	if last < 0 || trees[0] != 0 || trees[last] != int64(n) || len(left) != n {
		return nil, fmt.Errorf("its trees do not begin at 0 and end at %d", n)
	}
	depths := make([]int32, n)
	for t, from := range trees[:last] {
		to := trees[t+1]
		if to <= from || to > int64(n) {
			return nil, fmt.Errorf("tree %d is of nodes %d to %d of %d", t, from, to, n)
		}
		depth, feature, left := depths[from:to], feature[from:to], left[from:to]
		for i, f := range feature {
			if i > 0 && depth[i] == 0 {
				return nil, fmt.Errorf("node %d of tree %d is nobody's child", i, t)
			}
			if f == -1 {
				continue
			}
			if f < 0 {
				return nil, fmt.Errorf("node %d of tree %d is of feature %d: want -1 of a leaf, 0 or more of a split", i, t, f)
			}
			child := int(left[i])
			if child <= i || child >= len(depth)-1 {
				return nil, fmt.Errorf("node %d of tree %d: the left child is %d: it must be after the node and before the last of %d", i, t, child, len(depth))
			}
			if depth[child] > 0 || depth[child+1] > 0 {
				return nil, fmt.Errorf("node %d of tree %d has children that another has", i, t)
			}
			depth[child], depth[child+1] = depth[i]+1, depth[i]+1
		}
	}
	return depths, nil
}
