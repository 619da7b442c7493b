package preprocess_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// FitOnly fits what Fit fits, down to the error of the last spec.
func TestFitOnly(t *testing.T) {
	x := &table.Table{Columns: []*table.Column{table.FloatColumn("x", []float64{1, 2, 3, 400}), table.FloatColumn("y", []float64{4, 3, 2, 1})}}
	specs := []preprocess.Spec{&preprocess.Impute{Numeric: "mean"}, &preprocess.Cap{Method: "upper", Quantile: 0.5}, &preprocess.Scale{}}
	for n := range len(specs) + 1 {
		want, _, err := preprocess.Fit(t.Context(), x, nil, nil, specs[:n]...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := preprocess.FitOnly(t.Context(), x, nil, nil, specs[:n]...)
		if err != nil || !reflect.DeepEqual(got.State(), want.State()) {
			t.Errorf("%d specs: %v, state %v, want %v", n, err, got.State(), want.State())
		}
	}
	_, err := preprocess.FitOnly(t.Context(), x, nil, nil, specs[0], &preprocess.Cap{Method: "sideways"})
	if err == nil || !strings.HasPrefix(err.Error(), "transform 2 (cap): ") {
		t.Errorf("the error is %v", err)
	}
}
