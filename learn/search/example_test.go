package search_test

import (
	"fmt"

	"github.com/runnel-dev/runnel/learn/search"
)

func ExampleStudy() {
	space, err := search.Parse(map[string]any{
		"model": []any{"line", "curve"},
		"power": map[string]any{"int": []any{2, 9}, "when": map[string]any{"model": "curve"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	study, err := search.New(space, &search.Options{Sampler: &search.Grid{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range study.Ask(100) { // a grid ends before
		score := 0.5
		if power, ok := t.Params["power"].(int); ok {
			score = 1 - float64((power-4)*(power-4))/10
		}
		if err := study.Tell(t.Number, search.Outcome{Score: score}); err != nil {
			fmt.Println(err)
			return
		}
	}
	best, _ := study.Best()
	fmt.Println(len(study.Trials()), "trials, the best of them with", best.Params)
	// Output: 9 trials, the best of them with map[model:curve power:4]
}
