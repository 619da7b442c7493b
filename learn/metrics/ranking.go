package metrics

import "math"

// A step is where a ranking by falling score stands after all rows whose score
// is at least Score: the weight of the positive and of the negative rows so far.
// Rows of equal score are one step.
type step struct {
	score, tp, fp float64
}

// steps ranks the rows by falling score.
func steps(positive []bool, scores, weights []float64) []step {
	var out []step
	var at step
	for n, r := range rank(scores) {
		if n > 0 && r.score != at.score {
			out = append(out, at)
		}
		at.score = r.score
		if w := weight(weights, int(r.row)); positive[r.row] {
			at.tp += w
		} else {
			at.fp += w
		}
	}
	if len(scores) > 0 {
		out = append(out, at)
	}
	return out
}

// ROCAUC is the area under the ROC curve: the chance that a positive row scores
// above a negative one, ties counting half. It is NaN where one of the two is
// missing.
func ROCAUC(positive []bool, scores, weights []float64) float64 {
	return areaUnderROC(steps(positive, scores, weights))
}

func areaUnderROC(steps []step) float64 {
	var area float64
	var last step
	for _, s := range steps {
		area += float64((s.fp - last.fp) * (s.tp + last.tp) / 2)
		last = s
	}
	if last.tp == 0 || last.fp == 0 {
		return math.NaN()
	}
	return area / last.tp / last.fp
}

// ROCAUCOvR is the area under the ROC curve of each class against the rest:
// their mean, and their mean weighted by the classes' support. Classes that are
// absent from y, or are all there is in y, have no area and do not count
// (scikit-learn refuses such y); where none is left both are NaN.
func ROCAUCOvR(y []int32, probabilities []float64, classes int, weights []float64) (macro, weighted float64) {
	var n, all float64
	for k := range classes {
		positive, scores := oneVsRest(y, probabilities, classes, k)
		auc := ROCAUC(positive, scores, weights)
		if math.IsNaN(auc) {
			continue
		}
		var support float64
		for i, p := range positive {
			if p {
				support += weight(weights, i)
			}
		}
		macro += auc
		n++
		weighted += float64(auc * support)
		all += support
	}
	return macro / n, weighted / all
}

// oneVsRest is one class's rows and its column of the probabilities.
func oneVsRest(y []int32, probabilities []float64, classes, k int) (positive []bool, scores []float64) {
	positive, scores = make([]bool, len(y)), make([]float64, len(y))
	for i, truth := range y {
		positive[i] = int(truth) == k
		scores[i] = probabilities[i*classes+k]
	}
	return positive, scores
}

// AveragePrecision is the mean of the precisions at each threshold, weighted by
// the gain in recall, with no interpolation; 0 where no row is positive.
func AveragePrecision(positive []bool, scores, weights []float64) float64 {
	return averagePrecision(steps(positive, scores, weights))
}

func averagePrecision(steps []step) float64 {
	var total, tp float64
	for _, s := range steps {
		total += float64((s.tp - tp) * ratio(s.tp, s.tp+s.fp))
		tp = s.tp
	}
	return ratio(total, tp)
}

// A Point is a point of a ROC curve. Predicting positive from Threshold on gives
// these rates. The first point, where nothing is positive, has the threshold of
// the second: scikit-learn's infinity is no JSON number.
type Point struct {
	FalsePositive float64 `json:"fpr"`
	TruePositive  float64 `json:"tpr"`
	Threshold     float64 `json:"threshold"`
}

// ROC is the ROC curve with at most about most points, spread evenly along it,
// both ends included; most <= 0 gives all. It is nil where positive or negative
// rows are missing.
func ROC(positive []bool, scores, weights []float64, most int) []Point {
	return curve(steps(positive, scores, weights), most)
}

func curve(steps []step, most int) []Point {
	if len(steps) == 0 {
		return nil
	}
	end := steps[len(steps)-1]
	if end.tp == 0 || end.fp == 0 {
		return nil
	}
	out := []Point{{Threshold: steps[0].score}}
	gap := 0.0
	if most > 2 {
		gap = 2 / float64(most-1)
	}
	for i, s := range steps {
		p := Point{FalsePositive: s.fp / end.fp, TruePositive: s.tp / end.tp, Threshold: s.score}
		last := out[len(out)-1]
		far := p.FalsePositive+p.TruePositive-last.FalsePositive-last.TruePositive >= gap
		if far || i == len(steps)-1 {
			out = append(out, p)
		}
	}
	return out
}

// A Bin is one bin of a reliability diagram: how often rows whose probability
// lies in (Low, High] are positive.
type Bin struct {
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Mean     float64 `json:"mean"`     // mean probability
	Positive float64 `json:"positive"` // fraction that is positive
	Weight   float64 `json:"weight"`   // weight of the rows
}

// Reliability sorts the rows into bins of equal width over [0, 1] by their
// probability; empty bins are left out.
func Reliability(positive []bool, probabilities, weights []float64, bins int) []Bin {
	all := make([]Bin, bins)
	for i, p := range probabilities {
		k := min(max(int(math.Ceil(p*float64(bins)))-1, 0), bins-1)
		w := weight(weights, i)
		b := &all[k]
		b.Weight += w
		b.Mean += float64(w * p)
		if positive[i] {
			b.Positive += w
		}
	}
	out := all[:0]
	for k, b := range all {
		if b.Weight == 0 {
			continue
		}
		b.Low, b.High = float64(k)/float64(bins), float64(k+1)/float64(bins)
		b.Mean /= b.Weight
		b.Positive /= b.Weight
		out = append(out, b)
	}
	return out
}
