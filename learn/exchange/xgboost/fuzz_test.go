package xgboost_test

import (
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
	"github.com/runnel-dev/runnel/learn/model"
)

func FuzzRead(f *testing.F) {
	exchangetest.Fuzz(f, "*.xgb.[ju]*", nil, func(file []byte) (*model.Model, error) { return xgboost.Read(file, nil) }, asUBJ)
}
