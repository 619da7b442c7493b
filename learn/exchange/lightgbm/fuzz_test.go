package lightgbm_test

import (
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/lightgbm"
	"github.com/runnel-dev/runnel/learn/model"
)

func FuzzRead(f *testing.F) {
	seeds := [][]byte{
		balanced(5, 1, 1, "0 2", "7 4294967295"), balanced(5, 2, 1, "0 2", "7 4294967295"), balanced(5, 1, 2, "0 2 0", "7 9"),
		balanced(5, 1, 1, "0 1", "7")[:200],
	}
	exchangetest.Fuzz(f, "*.lgb.txt", seeds, func(file []byte) (*model.Model, error) { return lightgbm.Read(file, nil) }, lightgbm.Write)
}
