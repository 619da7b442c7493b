package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReferenceIsWhatTheCodeSays(t *testing.T) {
	for name, want := range pages() {
		got, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("docs/reference/%s is not what the code says: go run ./scripts/docs", name)
		}
	}
}
