package cluster

//go:noescape
func centre512(to, from *float64, n int, mean, scale float64)

//go:noescape
func nearest512(block *float64, features, groups int, tiles, norms *float64, count int, labels *int32)

//go:noescape
func potentials512(closest, weights, distances *float64, candidates int, sums *float64)
