package model

import (
	"reflect"
	"strings"
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

// The order of dates is kept, and is one that a reader knows.
func TestDateOrder(t *testing.T) {
	for name, m := range models(t) {
		m.Inputs[0].DateOrder = "day_first"
		if in := roundTrip(t, m).Inputs[0]; in.DateOrder != "day_first" {
			t.Errorf("%s: the order became %q", name, in.DateOrder)
		}
		m.Inputs[0].DateOrder = "year_first"
		if _, _, err := Encode(m); err == nil || !strings.Contains(err.Error(), `has the date_order "year_first"`) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
