package api

import (
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
)

// Prediction is what is said of the one row that was asked about: its "prediction"
// and, of a class, the "probabilities", of a cluster the "distance" from its centre,
// of an anomaly the "score", and of a list what it goes "by".
func Prediction(p *model.Prediction) map[string]any {
	out := map[string]any{"prediction": p.Value(0)}
	switch p.Task {
	case learn.Classification:
		out["probabilities"] = p.Distribution(0)
	case learn.Clustering:
		out["distance"] = p.Distances[0]
	case learn.AnomalyDetection:
		out["score"] = p.Scores[0]
	case learn.Recommendation:
		out["by"] = p.Lists[0].By
	}
	return out
}

// Predictions is Prediction of a list of rows: "predictions", and lists of the rest.
func Predictions(p *model.Prediction) map[string]any {
	out := map[string]any{"predictions": each(p, p.Value)}
	switch p.Task {
	case learn.Classification:
		out["probabilities"] = each(p, p.Distribution)
	case learn.Clustering:
		out["distances"] = p.Distances
	case learn.AnomalyDetection:
		out["scores"] = p.Scores
	case learn.Recommendation:
		out["by"] = each(p, func(i int) string { return p.Lists[i].By })
	}
	return out
}

// each is what there is to say of each row.
func each[T any](p *model.Prediction, of func(row int) T) []T {
	out := make([]T, p.Rows())
	for i := range out {
		out[i] = of(i)
	}
	return out
}
