package model

import (
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/tree"
)

// A model of anomalies comes back from its files and says the same, of a table and of
// a row; one whose parts do not fit together is refused.
func TestAnomalies(t *testing.T) {
	data := birds(t, 80)
	y := &learn.Target{Task: learn.AnomalyDetection, Rows: 80}
	g, features, err := preprocess.Fit(t.Context(), data, y, nil, &preprocess.Auto{})
	if err != nil {
		t.Fatal(err)
	}
	x, err := preprocess.Matrix(features, nil)
	if err != nil {
		t.Fatal(err)
	}
	forest := tree.NewIsolationForest()
	forest.Contamination = 0.1
	fitted, err := forest.Fit(t.Context(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &Model{Task: y.Task, Inputs: Describe(data), Graph: g, Features: x.Names, Estimator: fitted}
	want, err := m.Predict(data)
	if err != nil {
		t.Fatal(err)
	}
	if n := slices.Index(want.Anomalies, true); want.Rows() != 80 || n < 0 || want.Value(n) != true || len(want.Scores) != 80 {
		t.Errorf("%d rows, the first anomaly is row %d", want.Rows(), n)
	}
	restored := roundTrip(t, m)
	if got, err := restored.Predict(data); err != nil || !slices.Equal(got.Scores, want.Scores) || !slices.Equal(got.Anomalies, want.Anomalies) {
		t.Errorf("restored it says something else: %v", err)
	}
	for i := range 80 {
		one, err := restored.Predict(data.Take([]int{i}))
		if err != nil || one.Scores[0] != want.Scores[i] || one.Value(0) != want.Anomalies[i] {
			t.Fatalf("row %d alone: %v, %v", i, one, err)
		}
	}
	for want, damage := range map[string]func(m *Model){
		`anomaly_detection has no target, and the model has "mess"`: func(m *Model) { m.Target = "mess" },
		"the model has no features":                                 func(m *Model) { m.Features = nil },
		`an estimator of kind "logistic"`:                           func(m *Model) { m.Estimator = models(t)["logistic"].Estimator },
	} {
		other := *m
		damage(&other)
		if err := other.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := isolationFromState(fitted.State(), len(x.Names)+1); err == nil || !strings.Contains(err.Error(), "but the model has") {
		t.Errorf("error %v", err)
	}
}
