package preprocess_test

import (
	"fmt"
	"testing"

	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

func TestPandasIndexIsAnIdentifier(t *testing.T) {
	ascending, shuffled, sparse := make([]int64, 80), make([]int64, 80), make([]int64, 80)
	for i := range ascending {
		ascending[i] = int64(i + i/5) // what is left of 0..95 for training
		shuffled[i] = int64((i*37)%80 + 1000)
		sparse[i] = int64(i * 50)
	}
	for i, test := range []struct {
		name   string
		values []int64
		want   bool
	}{
		{"column_1", ascending, true},
		{"column_1", shuffled, false},
		{"column_1", sparse, false},
		{"column_2", ascending, false},
		{"age", ascending, false},
		{"Unnamed: 0", shuffled, true},
		{"__index_level_0__", shuffled, true},
	} {
		t.Run(fmt.Sprint(i, test.name), func(t *testing.T) {
			if got := preprocess.Identifier(table.IntColumn(test.name, test.values)); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}
