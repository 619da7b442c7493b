//go:build peers

package xgboost_test

import (
	"path/filepath"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
)

// XGBoost loads what is written, and predicts what the model does.
func TestPeer(t *testing.T) {
	data, dir := exchangetest.Data(t, 300), t.TempDir()
	var cases []exchangetest.Case
	for name, m := range exchangetest.Trained(t, data) {
		for kind, ubj := range map[string]bool{".json": false, ".ubj": true} {
			file, _, err := xgboost.Write(m, ubj)
			if err != nil {
				t.Fatal(err)
			}
			path := exchangetest.Write(t, filepath.Join(dir, name+kind), file)
			cases = append(cases, exchangetest.Case{Name: name + kind, Path: path, Model: m})
		}
	}
	exchangetest.Peer(t, "xgboost", cases, data, 1e-5)
}
