package profile_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/runnel-dev/runnel/functions/explore/profile"
)

func TestTmp(t *testing.T) {
	for _, c := range [][2]string{{"penguins", "species"}, {"flights", "late"}} {
		tbl := load(t, c[0])
		s := time.Now()
		p, err := Of(t.Context(), c[0], tbl, &Options{Target: c[1]})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(time.Since(s))
		b, err := json.MarshalIndent(p, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile("/tmp/"+c[0]+".json", b, 0o644)
		for _, a := range p.Alerts {
			fmt.Println(a)
		}
		for _, a := range p.Target.Associations {
			fmt.Println(a)
		}
	}
}
