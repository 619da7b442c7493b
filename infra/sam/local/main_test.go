package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/internal/rie/rietest"
	"github.com/runnel-dev/runnel/internal/testneed"
)

// The default pipeline as on AWS makes what a node makes.
func TestAsOnAWS(t *testing.T) {
	if testing.Short() {
		t.Skip("a long one")
	}
	rietest.Emulator(t)
	var out strings.Builder
	err := run(t.Context(), options{
		python: testneed.Python(t, "moto", "flask", "boto3"), out: &out,
		file: filepath.Join(root(), "examples", "penguins", "penguins.csv"), target: "species",
	})
	t.Log(out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"All ", "same, byte for byte", "deploy     done"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("it does not say %q", text)
		}
	}
}
