package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/nearest"
)

// mediaTypeOf guesses a media type by the file's name; steps look at the bytes.
func mediaTypeOf(name string) string {
	name = strings.ToLower(name)
	for _, c := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, c)
	}
	switch filepath.Ext(name) {
	case ".csv", ".tsv", ".txt":
		return "text/csv"
	case ".parquet":
		return events.MediaParquet
	case ".jsonl", ".ndjson":
		return "application/x-ndjson"
	case ".json":
		return events.MediaJSON
	}
	return events.MediaBytes
}

// nearFiles hints at files whose names are like the one that is missing.
func nearFiles(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return nearest.Hint(filepath.Base(path), names)
}
