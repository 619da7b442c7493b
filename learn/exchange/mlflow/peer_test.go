//go:build peers

package mlflow_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/mlflow"
)

// MLflow loads the folder, and predicts what the model does.
func TestPeer(t *testing.T) {
	data, dir := exchangetest.Data(t, 300), t.TempDir()
	models := exchangetest.All(t, data)
	var cases []exchangetest.Case
	for _, name := range []string{"classes", "binary", "regression", "ridge", "forest", "stack", "threshold", "clusters", "made"} {
		files, _, err := mlflow.Write(models[name], made)
		if err != nil {
			t.Fatal(name, err)
		}
		folder := filepath.Join(dir, name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			exchangetest.Write(t, filepath.Join(folder, f.Name), f.Data)
		}
		cases = append(cases, exchangetest.Case{Name: name, Path: folder, Model: models[name]})
	}
	exchangetest.Peer(t, "mlflow", cases, data, 1e-5)
}
