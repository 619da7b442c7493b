// Package steps holds working steps in several languages, each in a folder, and
// starts new ones from them.
package steps

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/internal/nearest"
)

//go:embed rare/*.yaml rare/*.go ratio/*.yaml ratio/*.c ratio/*.h winsorize/src redact/*.yaml redact/*.ts redact/package.json
//go:embed winsorize/*.yaml winsorize/Cargo.toml
var files embed.FS

// A Language is one that a step can be started in.
type Language struct {
	Name   string
	Step   string // the step of this package that a new one starts from
	Source string // the file to change
	Needs  string // what it is built with, and how to get that
	First  string // what is done once before it is built; "": nothing

	files []string
}

// Languages lists them.
func Languages() []Language {
	return []Language{
		{Name: "go", Step: "rare", Source: "main.go", Needs: "Go (https://go.dev/dl)", files: []string{"main.go", "runnel.go"}},
		{Name: "c", Step: "ratio", Source: "step.c", Needs: "zig (https://ziglang.org, or pip install ziglang and export ZIG='python3 -m ziglang')", files: []string{"step.c", "runnel.h"}},
		{Name: "rust", Step: "winsorize", Source: "src/main.rs", Needs: "cargo (https://rustup.rs)", First: "rustup target add wasm32-wasip1", files: []string{"Cargo.toml", "src/main.rs", "src/runnel.rs"}},
		{Name: "assemblyscript", Step: "redact", Source: "step.ts", Needs: "npm (https://nodejs.org)", First: "npm install", files: []string{"package.json", "step.ts", "runnel.ts", "sha256.ts"}},
	}
}

// Find finds a language by its name.
func Find(name string) (Language, error) {
	var names []string
	for _, l := range Languages() {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return Language{}, fmt.Errorf("no steps in %q%s (there are: %s; docs/guest-abi.md is what any other language needs)", name, nearest.Hint(name, names), strings.Join(names, ", "))
}

// New gives the files of a new step, by their paths in its folder.
func (l Language) New(name string) (map[string][]byte, error) {
	out := map[string][]byte{".gitignore": []byte("*.wasm\ntarget/\nnode_modules/\n")}
	if l.Name == "go" {
		out["go.mod"] = []byte("module " + name + "\n\ngo 1.24\n")
	}
	word := regexp.MustCompile(`\b` + l.Step + `\b`)
	named := []string{"function.yaml", "pipeline.yaml", "Cargo.toml", "package.json", "main.go"}
	for _, file := range append(slices.Clone(l.files), "function.yaml", "pipeline.yaml") {
		b, err := files.ReadFile(path.Join(l.Step, file))
		if err != nil {
			return nil, err // a file that is not embedded: the test finds it
		}
		if slices.Contains(named, file) {
			b = word.ReplaceAll(bytes.Clone(b), []byte(name))
		}
		out[file] = b
	}
	return out, nil
}
