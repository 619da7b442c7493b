package lightgbm_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/lightgbm"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
	"github.com/runnel-dev/runnel/learn/model"
)

// What was read is written, and read again as the same model.
func TestWriteWhatWasRead(t *testing.T) {
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			m, err := lightgbm.Read(exchangetest.Read(t, name+".lgb.txt"), nil)
			if err != nil {
				t.Fatal(err)
			}
			file, _, err := lightgbm.Write(m)
			if name == "numbered" {
				if err == nil || !strings.Contains(err.Error(), "cannot be folded into splits: export it as onnx") {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := lightgbm.Read(file, nil)
			if err != nil {
				t.Fatalf("%v\n%s", err, file)
			}
			rows := exchangetest.Load(t, name+".lgb")
			rows.Predicts(t, again, 1e-12)
		})
	}
}

// Transforms of single columns become part of the splits: a file of raw columns
// predicts what the model does.
func TestWriteTransforms(t *testing.T) {
	exchangetest.Folds(t, lightgbm.Write, func(file []byte) (*model.Model, error) { return lightgbm.Read(file, nil) }, 1e-12)
}

func TestWriteWhatever(t *testing.T) {
	exchangetest.FoldsWhatever(t, lightgbm.Write, func(file []byte) (*model.Model, error) { return lightgbm.Read(file, nil) }, 1e-9)
}

// What the library has loaded of ours predicts here as there.
func TestWritten(t *testing.T) {
	exchangetest.Written(t, "lightgbm", func(file []byte) (*model.Model, error) { return lightgbm.Read(file, nil) }, 1e-6)
}

func TestWriteRefuses(t *testing.T) {
	exchangetest.Refuses(t, lightgbm.Write, "the length", "has a character in its name that LightGBM refuses")
	// Categories that are numbers, with missing values among those of a set.
	file := bytes.Replace(exchangetest.Read(t, "onehot.xgb.json"), []byte(`"cats"`), []byte(`"dogs"`), 1)
	m, err := xgboost.Read(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := lightgbm.Write(m); err == nil || !strings.Contains(err.Error(), "sends missing values where some categories go, and LightGBM") {
		t.Errorf("error %v", err)
	}
}
