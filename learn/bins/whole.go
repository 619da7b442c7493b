package bins

// wholes is below which whole numbers are binned by a table.
const wholes = 1 << 12

// binWhole is binColumn for a column of small whole numbers, in two passes without
// sorting or searching. Where there are other numbers it returns false.
func binWhole(col []float64, maxBins int) (bins []uint8, a Axis, ok bool) {
	var there [wholes]bool
	for _, v := range col {
		k := uint32(int32(v))
		if float64(k) != v || k >= wholes {
			if v != v {
				continue
			}
			return nil, a, false
		}
		there[k] = true
	}
	var distinct []float64
	for k, is := range there {
		if is {
			distinct = append(distinct, float64(k))
		}
	}
	if len(distinct) <= maxBins {
		a = NewAxis(midpoints(distinct))
	} else {
		a = NewAxis(quantileEdges(sortWhole(sampleValues(col)), maxBins))
	}
	var number [wholes]uint8
	for _, v := range distinct {
		number[int(v)] = uint8(a.Bin(v))
	}
	bins = make([]uint8, len(col))
	for i, v := range col {
		if v != v {
			bins[i] = Missing
			continue
		}
		bins[i] = number[int32(v)&(wholes-1)]
	}
	return bins, a, true
}

// sortWhole sorts small whole numbers by counting them.
func sortWhole(values []float64) []float64 {
	var count [wholes]int
	for _, v := range values {
		count[int(v)]++
	}
	at := 0
	for k, n := range count {
		for range n {
			values[at] = float64(k)
			at++
		}
	}
	return values
}
