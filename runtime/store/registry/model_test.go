package registry

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// plain is what a registry of one model means, in maps.
type plain struct {
	versions []string // cause of each version
	moves    []AliasMove
	stages   map[int]string
}

func (p *plain) version(cause string) int {
	for i, c := range p.versions {
		if c == cause {
			return i + 1
		}
	}
	return 0
}

// move returns the versions after and before the move of a cause, made once.
func (p *plain) move(cause string, m AliasMove) (is, was int) {
	for i, past := range p.moves {
		if past.Cause == cause {
			if i > 0 {
				was = p.moves[i-1].Version
			}
			return past.Version, was
		}
	}
	if len(p.moves) > 0 {
		was = p.moves[len(p.moves)-1].Version
	}
	m.Cause = cause
	p.moves = append(p.moves, m)
	return m.Version, was
}

// Random requests, some of them repeated, through registries that come and go,
// give what plain maps give.
func TestAgainstMaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		s, err := store.Open(ctx, place("mem://"), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		registries := []*Registry{New(s, nil), New(s, nil)}
		pick := func() *Registry {
			i := rapid.IntRange(0, 2).Draw(t, "registry")
			if i == 2 {
				return New(s, nil)
			}
			return registries[i]
		}
		p := &plain{stages: map[int]string{}}
		cause := rapid.Custom(func(t *rapid.T) string { return fmt.Sprint(rapid.IntRange(1, 30).Draw(t, "cause")) })
		stageCauses := map[string]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"register": func(t *rapid.T) {
				c := cause.Draw(t, "cause")
				if p.version(c) == 0 {
					p.versions = append(p.versions, c)
				}
				v, err := pick().Register(ctx, "m", step.ModelVersion{Cause: c})
				if err != nil || v.Version != p.version(c) {
					t.Fatalf("version %d, %v; want %d", v.Version, err, p.version(c))
				}
			},
			"alias": func(t *rapid.T) {
				c, v := cause.Draw(t, "cause"), rapid.IntRange(0, 6).Draw(t, "version")
				previous, err := pick().SetAlias(ctx, "m", "a", v, c)
				if v < 1 || v > len(p.versions) {
					if err == nil {
						t.Fatalf("the version %d was taken", v)
					}
					return
				}
				if _, want := p.move(c, AliasMove{Version: v}); err != nil || previous != want {
					t.Fatalf("previous %d, %v; want %d", previous, err, want)
				}
			},
			"rollback": func(t *rapid.T) {
				c := cause.Draw(t, "cause")
				from, to, err := pick().Rollback(ctx, "m", "a", c)
				repeated := false
				for _, m := range p.moves {
					repeated = repeated || m.Cause == c
				}
				// What came before the last run of forward moves is not gone back to twice.
				var back []int
				for _, m := range p.moves {
					if m.Rollback {
						back = back[:len(back)-1]
					} else if len(back) == 0 || back[len(back)-1] != m.Version {
						back = append(back, m.Version)
					}
				}
				if !repeated && len(back) < 2 {
					if err == nil {
						t.Fatalf("went from %d to %d with nothing before", from, to)
					}
					return
				}
				var m AliasMove
				if !repeated {
					m = AliasMove{Version: back[len(back)-2], Rollback: true}
				}
				if is, was := p.move(c, m); err != nil || to != is || from != was {
					t.Fatalf("from %d to %d, %v; want %d, %d", from, to, err, was, is)
				}
			},
			"stage": func(t *rapid.T) {
				c, v := cause.Draw(t, "cause"), rapid.IntRange(1, 4).Draw(t, "version")
				stage := rapid.SampledFrom([]string{Registered, Approved, Rejected}).Draw(t, "stage")
				err := pick().SetStage(ctx, "m", v, stage, c)
				if (err == nil) != (v <= len(p.versions)) {
					t.Fatal(err)
				}
				if key := fmt.Sprint(v, c); err == nil && !stageCauses[key] {
					stageCauses[key] = true
					p.stages[v] = stage
				}
			},
			"": func(t *rapid.T) {
				r := pick()
				v, err := r.Get(ctx, "m", "")
				if (err == nil) != (len(p.versions) > 0) || v.Version != len(p.versions) {
					t.Fatalf("newest: %d, %v; want %d", v.Version, err, len(p.versions))
				}
				for i := range p.versions {
					v, err := r.Get(ctx, "m", fmt.Sprint(i+1))
					want := p.stages[i+1]
					if want == "" {
						want = Registered
					}
					if err != nil || v.Stage != want || v.Cause != p.versions[i] {
						t.Fatalf("version %d: %+v, %v; want %s", i+1, v, err, want)
					}
				}
				if len(p.moves) > 0 {
					if v, err := r.Alias(ctx, "m", "a"); err != nil || v != p.moves[len(p.moves)-1].Version {
						t.Fatalf("alias: %d, %v", v, err)
					}
				}
			},
		})
	})
}
