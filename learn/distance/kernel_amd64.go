package distance

//go:noescape
func squared512(block *float64, features, groups int, tiles *float64, count int, out *float64)

//go:noescape
func nearest512(block *float64, features, groups int, tiles, norms *float64, count int, labels *int32)

//go:noescape
func closer512(closest, weights, distances *float64, points int, sums *float64)
