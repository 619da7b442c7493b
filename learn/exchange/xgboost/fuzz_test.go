package xgboost_test

import (
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
	"github.com/runnel-dev/runnel/learn/model"
)

func FuzzRead(f *testing.F) {
	zero, same := func(int) int { return 0 }, func(k int) int { return k }
	seeds := [][]byte{
		document(f, 1, balanced(5, []int{1, 2, 3, 4, 65_535}, 3, zero, same)),
		document(f, 1, balanced(5, []int{1, 2, 3, 4, 65_535}, 1, same, zero)),
		document(f, 1, balanced(5, []int{1, 2, 3, 4, 65_535}, 1, same, same)),
		named(f, 3), classes(f, 9, 4),
	}
	exchangetest.Fuzz(f, "*.xgb.[ju]*", seeds, func(file []byte) (*model.Model, error) { return xgboost.Read(file, nil) }, asUBJ)
}
