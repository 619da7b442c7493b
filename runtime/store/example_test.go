package store_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

// An upload: stored, then announced.
func ExampleStore_PutObject() {
	ctx := context.Background()
	s, err := store.Open(ctx, "mem://", nil)
	if err != nil {
		panic(err)
	}
	defer s.Close()
	if err := s.CreateBucket(ctx, "lab"); err != nil {
		panic(err)
	}
	o, err := s.PutObject(ctx, store.ObjectInput{Bucket: "lab", Key: "penguins.csv", MediaType: "text/csv"}, strings.NewReader("species,mass\n"))
	if err != nil {
		panic(err)
	}
	err = s.Announce(ctx, o, func(_ context.Context, e events.Event) error {
		fmt.Println(events.ShortType(e.Type()), e.Subject())
		return nil
	})
	fmt.Println(o.Version, o.Content.Size, err)
	// Output:
	// object.created penguins.csv
	// 1 13 <nil>
}

// An alias moves by compare-and-append: of two who saw the same entry, one wins.
func ExampleStore_Append() {
	ctx := context.Background()
	s, err := store.Open(ctx, "mem://", nil)
	if err != nil {
		panic(err)
	}
	defer s.Close()
	fmt.Println(s.Append(ctx, store.Key("aliases", "champion"), 0, 1))
	fmt.Println(s.Append(ctx, store.Key("aliases", "champion"), 0, 2))
	// Output:
	// 1 <nil>
	// 0 appending to "aliases/champion" after entry 0: it was changed meanwhile
}

// A model is registered, promoted and found.
func Example_registry() {
	ctx := context.Background()
	s, err := store.Open(ctx, "mem://", nil)
	if err != nil {
		panic(err)
	}
	defer s.Close()
	models := registry.New(s, nil)
	for _, cause := range []string{"event 1", "event 2", "event 2"} {
		v, err := models.Register(ctx, "penguins", step.ModelVersion{Cause: cause})
		if err != nil {
			panic(err)
		}
		fmt.Println(cause, "made version", v.Version)
	}
	if _, err := models.Promote(ctx, "penguins", 2, "event 3"); err != nil {
		panic(err)
	}
	v, err := models.Get(ctx, "penguins", registry.Champion)
	fmt.Println(v.Version, err)
	_, err = models.Get(ctx, "pinguins", "")
	fmt.Println(err)
	// Output:
	// event 1 made version 1
	// event 2 made version 2
	// event 2 made version 2
	// 2 <nil>
	// there is no model "pinguins"; did you mean penguins?: not found
}
