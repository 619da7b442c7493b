package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/host/wasm/module"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

// A definition is a pipeline's, read from a file, with the modules of the
// functions whose folders it names.
type definition struct {
	*pipeline.Pipeline
	text    string // as a node reads it, which does not see the folders
	modules [][]byte
	folders []string // of the functions, each once
}

// parse reads a pipeline's definition from a file. Folders of functions are
// relative to that of the file.
func (a *app) parse(path string) (*definition, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d := &definition{text: string(b)}
	seen := map[string]pipeline.Function{}
	d.Pipeline, err = pipeline.ParseWith(path, bytes.NewReader(b), all.Functions(), func(folder string) (pipeline.Function, error) {
		dir := filepath.FromSlash(folder)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(path), dir)
		}
		if f, ok := seen[dir]; ok {
			return f, nil
		}
		d.folders = append(d.folders, dir)
		f, b, err := readFunction(dir)
		if err == nil {
			seen[dir] = f
			d.modules = append(d.modules, b)
		}
		return f, err
	})
	if err != nil {
		return d, err
	}
	if len(d.modules) > 0 {
		d.text = string(d.JSON())
	}
	return d, nil
}

// warn says what a definition hardly means.
func (a *app) warn(d *definition) {
	for _, w := range d.Warnings {
		a.say("%s", w)
	}
}

// upload stores the modules, which steps then find by their digests.
func (d *definition) upload(ctx context.Context, put func(ctx context.Context, mediaType string, r io.Reader) (events.Ref, error)) error {
	for _, b := range d.modules {
		if _, err := put(ctx, events.MediaWASM, bytes.NewReader(b)); err != nil {
			return fmt.Errorf("storing a function's module: %w", err)
		}
	}
	return nil
}

// isFolder reports whether an argument names a function by its folder.
func isFolder(function string) bool {
	return function == "." || function == ".." || strings.ContainsAny(function, `/\`)
}

// readSpec reads the function.yaml of a folder.
func readSpec(dir string) (pipeline.FunctionSpec, error) {
	path := filepath.Join(dir, pipeline.FunctionFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return pipeline.FunctionSpec{}, fmt.Errorf("there is no folder %s%s", dir, nearFiles(dir))
		}
		return pipeline.FunctionSpec{}, fmt.Errorf("there is no %s in %s: `runnel functions new NAME` writes one to start from", pipeline.FunctionFile, dir)
	}
	if err != nil {
		return pipeline.FunctionSpec{}, err
	}
	defer f.Close()
	return pipeline.ParseFunction(path, f)
}

// readFunction reads a function from its folder: what it is, and its module.
func readFunction(dir string) (pipeline.Function, []byte, error) {
	spec, err := readSpec(dir)
	if err != nil {
		return pipeline.Function{}, nil, err
	}
	b, err := readModule(dir, &spec)
	if err != nil {
		return pipeline.Function{}, nil, err
	}
	sum := sha256.Sum256(b)
	ref := events.Ref{Digest: "sha256:" + hex.EncodeToString(sum[:]), MediaType: events.MediaWASM, Size: int64(len(b))}
	return pipeline.Function{Describes: spec.Describes, Module: ref}, b, nil
}

// readModule reads a module and checks what can be told before it runs.
func readModule(dir string, spec *pipeline.FunctionSpec) ([]byte, error) {
	path := filepath.Join(dir, filepath.FromSlash(spec.Module))
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if spec.Build == "" {
			return nil, fmt.Errorf("there is no %s: build it; the field build of %s is there to say how", path, filepath.Join(dir, pipeline.FunctionFile))
		}
		return nil, fmt.Errorf("there is no %s. Next: (cd %s && %s)", path, quote(dir), strings.TrimSpace(spec.Build))
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	if info.Size() > module.MaxSize {
		return nil, fmt.Errorf("%s has %s bytes: a module has at most %s", path, count(info.Size()), count(module.MaxSize))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if _, err := module.Check(b, module.Limits{}); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}
