package boost

// A worker has its share of the rows: blocks that are spread evenly, so that each
// node has about as many rows of one worker as of another. A row stays with its
// worker, and so in its nearest caches.
type worker struct {
	filler
	all         []uint32    // its rows, ascending
	drawn, out  []uint32    // those of them that are drawn for a tree, and the others; both nil where all are
	rows, spare []uint32    // of the tree at hand, by node
	best        [2]split    // of two nodes
	counts      [256]uint32 // of the rows in the bins up to each; the last one of missing values
}

// blockRows is how many rows in turn are of one worker.
const blockRows = 4096

func newWorker(d *data, i, of int) *worker {
	w := &worker{filler: filler{data: d, histograms: make([]histogram, d.stride)}}
	for from := i * blockRows; from < d.rows; from += of * blockRows {
		for r := from; r < min(from+blockRows, d.rows); r++ {
			w.all = append(w.all, uint32(r))
		}
	}
	w.rows, w.spare = make([]uint32, len(w.all)), make([]uint32, len(w.all)+16)
	return w
}

// countLeft is how many of the counted rows go left.
func (w *worker) countLeft(s *split) int {
	left := 0
	if s.missingLeft {
		left = int(w.counts[255])
	}
	if !s.categorical {
		return left + int(w.counts[s.cut])
	}
	before := 0
	for b, n := range w.counts[:255] {
		left += (int(n) - before) * s.set.has(uint8(b))
		before = int(n)
	}
	return left
}

// start puts all rows of a tree in one node.
func (w *worker) start() {
	rows := w.drawn
	if w.drawn == nil {
		rows = w.all
	}
	w.rows = w.rows[:len(rows)]
	copy(w.rows, rows)
}

// alone is up to how many rows one worker does what there is to do at a node:
// the others would hardly be awake before it is done.
const alone = 4096

// each calls f for each worker's rows.
func (g *grower) each(rows int, f func(rows, by *worker, i int)) {
	if rows <= alone || g.team.size == 1 {
		for i, w := range g.workers {
			f(w, g.workers[0], i)
		}
		return
	}
	g.team.each(func(i int) { f(g.workers[i], g.workers[i], i) })
}

// eachFeature calls f for each feature of the tree, of a node of so many rows.
func (g *grower) eachFeature(rows int, f func(by *worker, feature int)) {
	if rows <= alone || g.team.size == 1 {
		for _, j := range g.features {
			f(g.workers[0], j)
		}
		return
	}
	g.team.each(func(i int) {
		for k := i; k < len(g.features); k += g.team.size {
			f(g.workers[i], g.features[k])
		}
	})
}

// merge adds up what the workers have of a feature, and leaves them empty.
func (g *grower) merge(to []histogram, j int) {
	width := g.data.width[j]
	for i, w := range g.workers {
		from, to := &w.histograms[j], &to[j]
		if i == 0 {
			copy(to[:width], from[:width])
			to[255] = from[255]
		} else {
			for b, v := range from[:width] {
				to[b] += v
			}
			to[255] += from[255]
		}
		clear(from[:width])
		from[255] = 0
	}
}

// A side of a split, or none.
type side uint8

const (
	rightSide side = iota
	leftSide
	noSide
)

// divide moves the rows of a node that go left before those that go right, and
// returns how many they are. On the way it adds those of a side to the histograms
// of another worker, or its own.
func (w *worker) divide(at span, left *binSet, feature int, filled side, by *worker, g *grower) int {
	rows, spare := w.rows[at.from:at.to], w.spare
	bins, stride := g.data.bins[feature:], g.data.stride
	l, s := 0, 0
	for from := 0; from < len(rows); from += fillRows {
		wasL, wasS := l, s
		chunk := rows[from:min(from+fillRows, len(rows))]
		more := divideRows(rows[l:], chunk, spare[s:], bins, stride, left)
		l, s = l+more, s+len(chunk)-more
		switch filled {
		case leftSide:
			by.fill(rows[wasL:l], g)
		case rightSide:
			by.fill(spare[wasS:s], g)
		}
	}
	copy(rows[l:], spare[:s])
	return l
}

// divideRows moves the rows of a chunk that go left to the front, which may be
// where the chunk is or before it, and the others to spare.
func divideRows(front, chunk, spare []uint32, bins []uint8, stride int, left *binSet) int {
	l, done := divideFast(front, chunk, spare, bins, stride, left)
	s := done - l
	for _, r := range chunk[done:] {
		side := left.has(bins[int(r)*stride])
		front[l], spare[s] = r, r
		l += side
		s += 1 - side
	}
	return l
}
