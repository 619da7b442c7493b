package awstest

import (
	"flag"
	"fmt"
	"testing"
)

// OverS3 runs a test on each service that speaks S3, moto and versitygw, for what
// opens stores by URL; location gives an empty one each time. Properties of rapid
// are checked twice, not a hundred times: each takes some hundred requests.
func OverS3(t *testing.T, test func(t *testing.T, location func() string)) {
	if f := flag.Lookup("rapid.checks"); f != nil {
		defer f.Value.Set(f.Value.String())
		if err := f.Value.Set("2"); err != nil {
			t.Fatal(err)
		}
	}
	for name, start := range map[string]func(testing.TB) *Server{"moto": Moto, "versity": Versity} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			server.Environ(t)
			server.Bucket(t, "shared")
			n := 0
			test(t, func() string {
				n++
				return server.Location("shared", fmt.Sprintf("team/%d", n))
			})
		})
	}
}
