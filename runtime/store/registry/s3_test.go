package registry

import (
	"testing"

	"github.com/runnel-dev/runnel/internal/awstest"
	_ "github.com/runnel-dev/runnel/runtime/store/s3"
)

// The tests of registries on this machine, on S3.
func TestOverS3(t *testing.T) {
	awstest.OverS3(t, func(t *testing.T, location func() string) {
		elsewhere = location
		defer func() { elsewhere = nil }()
		for name, test := range map[string]func(*testing.T){
			"Register": TestRegister, "Errors": TestErrors, "Aliases": TestAliases, "Stages": TestStages,
			"RegisterConcurrently": TestRegisterConcurrently, "AgainstMaps": TestAgainstMaps,
		} {
			t.Run(name, test)
		}
	})
}
