package lightgbm_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/lightgbm"
	"github.com/runnel-dev/runnel/learn/model"
)

// balanced is a file of one tree of so many splits, all of them on categories:
// split i is on features[i % len(features)] and set i % sets.
func balanced(splits, features, sets int, boundaries, words string) []byte {
	var feature, set, left, right []string
	child := func(at int) string {
		if at < splits {
			return fmt.Sprint(at)
		}
		return fmt.Sprint(splits - 1 - at)
	}
	for i := range splits {
		feature, set = append(feature, fmt.Sprint(i%features)), append(set, fmt.Sprint(i%sets))
		left, right = append(left, child(2*i+1)), append(right, child(2*i+2))
	}
	var names []string
	for j := range features {
		names = append(names, fmt.Sprint("f", j))
	}
	all := func(value string, n int) string { return strings.TrimSpace(strings.Repeat(value+" ", n)) }
	join := func(values []string) string { return strings.Join(values, " ") }
	return fmt.Appendf(nil, "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=%d\nobjective=regression\nfeature_names=%s\n\n"+
		"Tree=0\nnum_leaves=%d\nnum_cat=%d\nsplit_feature=%s\nthreshold=%s\ndecision_type=%s\nleft_child=%s\nright_child=%s\nleaf_value=%s\n"+
		"cat_boundaries=%s\ncat_threshold=%s\n\nend of trees\n",
		features-1, join(names), splits+1, len(strings.Fields(boundaries))-1, join(feature), join(set), all("9", splits), join(left), join(right), all("1", splits+1),
		boundaries, words)
}

// Files that would take a multiple of their size, or of what a machine has.
func TestHostile(t *testing.T) {
	read := func(file []byte) (*model.Model, error) { return lightgbm.Read(file, nil) }
	words := strings.TrimSpace(strings.Repeat("4294967295 ", 2048))
	head := "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=0\nobjective=regression\nfeature_names=a\n\n"
	for _, c := range []struct {
		name, want string
		megabytes  uint64
		file       []byte
	}{
		{"splits that share a set", "", 60, balanced(10_000, 1, 1, "0 2048", words)},
		{"splits of several features that share a set", "sets of categories have more than", 800, balanced(10_000, 1000, 1, "0 2048", words)},
		{"sets that overlap", "cat_boundaries is 0 after 2048", 60, balanced(10_000, 1, 4, "0 2048 0 2048 2048", words)},
		{"trees of a line", "at most 262144 are read", 60, append([]byte(head), strings.Repeat("Tree\n", 2_000_000)+"\nend of trees\n"...)},
		{"cut short", "the file is cut short", 60, append([]byte(head), "Tree=0\nnum_leaves=3\nleaf_value=1 2 "...)},
	} {
		t.Run(c.name, func(t *testing.T) { exchangetest.Hostile(t, c.file, read, c.want, c.megabytes) })
	}
}

// A file is cut short wherever it ends before its trees do.
func TestCutShort(t *testing.T) {
	good := exchangetest.Read(t, "regression.lgb.txt")
	end := bytes.Index(good, []byte("\nend of trees"))
	for _, at := range []int{10, 300, end / 2, end} {
		if _, err := lightgbm.Read(good[:at], nil); err == nil || !strings.Contains(err.Error(), "the file is cut short: copy it again") {
			t.Errorf("at byte %d: error %v", at, err)
		}
	}
	// As older versions end their trees.
	good = exchangetest.Read(t, "categories.lgb.txt")
	m, err := lightgbm.Read(good, nil)
	if err != nil {
		t.Fatal(err)
	}
	old, err := lightgbm.Read(bytes.Replace(good, []byte("end of trees\n\n"), []byte("\nfeature importances:\n"), 1), nil)
	if err != nil || !reflect.DeepEqual(old.Inputs, m.Inputs) {
		t.Errorf("of an older version there are the inputs %+v, want %+v; %v", old.Inputs, m.Inputs, err)
	}
}
