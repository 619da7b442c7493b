package evaluate

import (
	"strings"
	"testing"
)

// TestGatesThatCannotBe are refused before anything runs.
func TestGatesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		metric    string
		threshold float64
		want      string // "" for none
	}{
		{"accuracy", 0, ""}, {"accuracy", 1, ""}, {"roc_auc", 0.7, ""}, {"rmse", 1e9, ""}, {"r2", -3, ""}, {"log_loss", 4, ""}, {"matthews_corrcoef", -1, ""},
		{"accuracy", 1.5, "gate: accuracy is between 0 and 1, and cannot be 1.5"},
		{"accuracy", 95, "gate: accuracy is between 0 and 1, and cannot be 95: for 95 % write 0.95"},
		{"accuracy", -0.1, "gate: accuracy is between 0 and 1, and cannot be -0.1"},
		{"matthews_corrcoef", 2, "gate: matthews_corrcoef is between -1 and 1, and cannot be 2"},
		{"r2", 1.1, "gate: r2 is never above 1, and cannot be 1.1"},
		{"rmse", -1, "gate: rmse is never below 0, and cannot be -1"},
		{"acuracy", 0.5, `gate: no metric "acuracy"; did you mean accuracy`},
	} {
		got := ""
		if err := (Params{Gate: map[string]float64{c.metric: c.threshold}}).Check(); err != nil {
			got = err.Error()
		}
		if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s=%v: %q, want %q", c.metric, c.threshold, got, c.want)
		}
	}
}
