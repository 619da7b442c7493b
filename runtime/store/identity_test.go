package store_test

import (
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/runtime/store"
)

// All who ask at once get the same id, later ones too, and another store has another.
func TestID(t *testing.T) {
	open := func(dir string) *store.Store {
		s, err := store.Open(t.Context(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	id := func(s *store.Store) string {
		id, err := s.ID(t.Context())
		if err != nil || id == "" {
			t.Errorf("id %q, %v", id, err)
		}
		return id
	}
	dir := t.TempDir()
	ids := make([]string, 8)
	var wg sync.WaitGroup
	for i := range ids {
		s := open(dir)
		wg.Go(func() { ids[i] = id(s) })
	}
	wg.Wait()
	first := id(open(dir))
	for _, got := range ids {
		if got != first {
			t.Errorf("one store has the ids %s and %s", got, first)
		}
	}
	if other := id(open(t.TempDir())); other == first {
		t.Errorf("two stores have the id %s", other)
	}
}
