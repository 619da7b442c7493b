package xgboost_test

import (
	"fmt"
	"log"
	"os"

	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/lightgbm"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
)

// A model of XGBoost predicts here, and goes on to LightGBM and to ONNX.
func Example() {
	file, err := os.ReadFile("../testdata/binary.xgb.json")
	check(err)
	m, err := xgboost.Read(file, &exchange.Options{Target: "late", Classes: []string{"no", "yes"}})
	check(err)
	row, err := m.FromJSON(map[string]any{"length": 1.0, "mass": nil, "count": 2.0, "share": 0.5})
	check(err)
	p, err := m.Predict(row)
	check(err)
	fmt.Printf("%v, probability of yes %.4f\n", p.Value(0), p.Probabilities[1])

	text, _, err := lightgbm.Write(m)
	check(err)
	graph, _, err := onnx.Write(m, nil)
	check(err)
	fmt.Println(lightgbm.Is(text), onnx.Is(graph))
	// Output:
	// yes, probability of yes 0.8606
	// true true
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
