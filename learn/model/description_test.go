package model

import (
	"reflect"
	"testing"
)

// A description is all of a model but what predicts.
func TestDescription(t *testing.T) {
	for name, m := range models(t) {
		doc, weights, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Decode(doc, weights)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Description(doc)
		if err != nil {
			t.Fatal(err)
		}
		want.Graph, want.Estimator = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	if _, err := Description([]byte("{}")); err == nil {
		t.Error("a document of no format was read")
	}
}
