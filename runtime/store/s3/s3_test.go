package s3_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/internal/awstest"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/runtime/store/registry"
	_ "github.com/runnel-dev/runnel/runtime/store/s3"
)

// Registries in several processes share a bucket: what each event asks for is
// done once, versions have no gaps, and the alias points at one of them.
func TestRegistry(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *awstest.Server{"moto": awstest.Moto, "versity": awstest.Versity} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			server.Environ(t)
			server.Bucket(t, "shared")
			var registries []*registry.Registry
			for range 3 {
				s, err := store.Open(t.Context(), server.Location("shared", "models"), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				registries = append(registries, registry.New(s, nil))
			}
			const causes = 8
			var all sync.WaitGroup
			for _, r := range registries {
				for i := range causes {
					all.Go(func() {
						cause := fmt.Sprint(i)
						v, err := r.Register(t.Context(), "m", step.ModelVersion{Cause: cause})
						if err != nil || v.Cause != cause {
							t.Errorf("%+v, %v", v, err)
							return
						}
						if _, err := r.Promote(t.Context(), "m", v.Version, cause); err != nil {
							t.Error(err)
						}
					})
				}
			}
			all.Wait()
			versions, err := registries[0].Versions(t.Context(), "m")
			if err != nil || len(versions) != causes {
				t.Fatalf("%d versions, %v", len(versions), err)
			}
			seen := map[string]bool{}
			for i, v := range versions {
				if v.Version != i+1 || seen[v.Cause] {
					t.Errorf("version %d is %d, of cause %s", i+1, v.Version, v.Cause)
				}
				seen[v.Cause] = true
			}
			served, err := registries[1].Get(t.Context(), "m", registry.Champion)
			if err != nil || served.Version < 1 || served.Version > causes {
				t.Errorf("%+v, %v", served, err)
			}
		})
	}
}
