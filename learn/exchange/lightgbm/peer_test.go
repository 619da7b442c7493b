//go:build peers

package lightgbm_test

import (
	"path/filepath"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/lightgbm"
)

// LightGBM loads what is written, and predicts what the model does.
func TestPeer(t *testing.T) {
	data, dir := exchangetest.Data(t, 300), t.TempDir()
	var cases []exchangetest.Case
	for name, m := range exchangetest.Trained(t, data) {
		file, _, err := lightgbm.Write(m)
		if err != nil {
			t.Fatal(err)
		}
		path := exchangetest.Write(t, filepath.Join(dir, name+".txt"), file)
		cases = append(cases, exchangetest.Case{Name: name, Path: path, Model: m})
	}
	exchangetest.Peer(t, "lightgbm", cases, data, 1e-6)
}
