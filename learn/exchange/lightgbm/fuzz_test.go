package lightgbm_test

import (
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/lightgbm"
	"github.com/runnel-dev/runnel/learn/model"
)

func FuzzRead(f *testing.F) {
	exchangetest.Fuzz(f, "*.lgb.txt", nil, func(file []byte) (*model.Model, error) { return lightgbm.Read(file, nil) }, lightgbm.Write)
}
