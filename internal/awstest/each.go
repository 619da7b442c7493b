package awstest

import (
	"fmt"
	"testing"
)

// OverS3 runs a test on each service that speaks S3, moto and versitygw, for what
// opens stores by URL; location gives an empty one each time.
func OverS3(t *testing.T, test func(t *testing.T, location func() string)) {
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
