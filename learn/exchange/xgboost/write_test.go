package xgboost_test

import (
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
	"github.com/runnel-dev/runnel/learn/model"
)

// What was read is written, and read again as the same model.
func TestWriteWhatWasRead(t *testing.T) {
	for name := range models {
		t.Run(name, func(t *testing.T) {
			m, err := xgboost.Read(exchangetest.Read(t, name+".xgb.json"), nil)
			if err != nil {
				t.Fatal(err)
			}
			rows := exchangetest.Load(t, name+".xgb")
			for _, ubj := range []bool{false, true} {
				file, _, err := xgboost.Write(m, ubj)
				if name == "numbered" {
					if err == nil || !strings.Contains(err.Error(), "cannot be folded into splits: export it as onnx") {
						t.Errorf("error %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				again, err := xgboost.Read(file, nil)
				if err != nil {
					t.Fatal(err)
				}
				rows.Predicts(t, again, 1e-5)
			}
		})
	}
}

// Transforms of single columns become part of the splits: a file of raw columns
// predicts what the model does.
func TestWriteTransforms(t *testing.T) {
	exchangetest.Folds(t, asUBJ, func(file []byte) (*model.Model, error) { return xgboost.Read(file, nil) }, 1e-5)
}

func TestWriteWhatever(t *testing.T) {
	exchangetest.FoldsWhatever(t, asUBJ, func(file []byte) (*model.Model, error) { return xgboost.Read(file, nil) }, 1e-5)
}

// What the library has loaded of ours predicts here as there.
func TestWritten(t *testing.T) {
	exchangetest.Written(t, "xgboost", func(file []byte) (*model.Model, error) { return xgboost.Read(file, nil) }, 1e-5)
}

func TestWriteRefuses(t *testing.T) {
	exchangetest.Refuses(t, asUBJ, "the [length]", "has a [, ] or < in its name, which XGBoost refuses")
}

func asUBJ(m *model.Model) ([]byte, []string, error) { return xgboost.Write(m, true) }
