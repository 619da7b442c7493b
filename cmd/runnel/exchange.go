package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/register"
	"github.com/runnel-dev/runnel/internal/modelname"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/internal/sha256"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/lightgbm"
	"github.com/runnel-dev/runnel/learn/exchange/mlflow"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

// formats are those that models are exported to and imported from.
var formats = []string{"onnx", "lightgbm", "xgboost", "mlflow"}

// formatOf is the format that a file's name stands for; of a folder mlflow.
func formatOf(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".onnx":
		return "onnx"
	case ".txt":
		return "lightgbm"
	case ".json", ".ubj":
		return "xgboost"
	case "":
		return "mlflow"
	}
	return ""
}

// checkFormat checks --format; "" leaves it to the file.
func checkFormat(format string) error {
	if format != "" && !slices.Contains(formats, format) {
		return usage(fmt.Errorf("--format %s: %s", format, nearest.Unknown("format", format, formats)))
	}
	return nil
}

// An exported model is what is said of one.
type exported struct {
	Model   string   `json:"model"`
	Version int      `json:"version"`
	Format  string   `json:"format"`
	Path    string   `json:"path"`
	Notes   []string `json:"notes,omitempty"`
}

func newModelsExport(a *app) *cobra.Command {
	var format, to string
	c := a.asking("export MODEL[@VERSION]", "Write a model as a file of another library", cobra.ExactArgs(1), looking, func(cmd *cobra.Command, c *connection, args []string) error {
		if to == "" {
			return usage(errors.New("give the file to write with --to"))
		}
		if err := checkFormat(format); err != nil {
			return err
		}
		format := cmp.Or(format, formatOf(to))
		if format == "" {
			return usage(fmt.Errorf("%s: the name says no format: want .onnx, .txt (LightGBM), .json or .ubj (XGBoost), or a folder without an ending (MLflow); or say it with --format", to))
		}
		name, version, _ := strings.Cut(args[0], "@")
		v, m, err := modelOf(cmd.Context(), c, name, version)
		if err != nil {
			return err
		}
		out := exported{Model: name, Version: v.Version, Format: format, Path: to}
		if out.Notes, err = export(m, format, to); err != nil {
			return err
		}
		return a.print(out, func() {
			for _, n := range out.Notes {
				a.say("Note: %s", n)
			}
			a.say("%s version %d is in %s, for %s", name, v.Version, to, map[string]string{"onnx": "ONNX", "lightgbm": "LightGBM", "xgboost": "XGBoost", "mlflow": "MLflow"}[format])
		})
	})
	c.Long = `Write a registered model as a file of another library, and predict with it there.

  onnx      a graph with the transforms, for ONNX Runtime: the raw columns go in
  lightgbm  LightGBM's text file   } of gradient boosting and forests of numbers:
  xgboost   XGBoost's JSON or UBJ  } transforms of a column become part of the splits
  mlflow    a folder that mlflow.pyfunc loads: ONNX with a signature

What a format cannot hold is refused, with what it is and what to do instead.
VERSION is a number or an alias; champion, the served one, by default.`
	c.Example = `  runnel models export penguins --to penguins.onnx
  runnel models export penguins@2 --format xgboost --to penguins.ubj`
	c.Flags().StringVar(&format, "format", "", "onnx, lightgbm, xgboost or mlflow; by default what the file's name says")
	c.Flags().StringVar(&to, "to", "", "file to write, or folder for mlflow")
	return c
}

// export writes the files of a model.
func export(m *model.Model, format, to string) (notes []string, err error) {
	if m.Task == learn.Recommendation {
		return nil, errors.New("a model that recommends is no function of columns, which is all that these formats hold: ask it here (runnel predict, POST /v1/models/NAME/predict), or read its weights, a safetensors file of user_factors and item_factors, whose products are the scores")
	}
	if !m.Task.Supervised() && m.Task != learn.Clustering {
		return nil, fmt.Errorf("the model is of %s, which is written as no file of another library: those of classifications, regressions and clusterings are. Its own files, model.json and weights.safetensors, hold all there is to it", strings.ReplaceAll(string(m.Task), "_", " "))
	}
	var file []byte
	switch format {
	case "onnx":
		file, notes, err = onnx.Write(m, nil)
	case "lightgbm":
		file, notes, err = lightgbm.Write(m)
	case "xgboost":
		file, notes, err = xgboost.Write(m, strings.EqualFold(filepath.Ext(to), ".ubj"))
	default:
		files, notes, err := mlflow.Write(m, time.Now())
		if err == nil {
			err = os.MkdirAll(to, 0o750)
		}
		for _, f := range files {
			if err == nil {
				err = os.WriteFile(filepath.Join(to, f.Name), f.Data, 0o600)
			}
		}
		return notes, err
	}
	if err != nil {
		return nil, err
	}
	return notes, os.WriteFile(to, file, 0o600)
}

func newModelsImport(a *app) *cobra.Command {
	var format, name, target, alias string
	var classes []string
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Register a model of another library",
		Long: `Register a model that LightGBM or XGBoost saved, or one of ONNX: it can then be
promoted, served, explained and exported as one that was trained here. The file is
read, nothing in it is executed; what a model here cannot be is refused.

  onnx      of scikit-learn by skl2onnx, or of runnel models export
  mlflow    a folder of MLflow with such a model: one with the flavor onnx
  lightgbm  Booster.save_model("model.txt")
  xgboost   Booster.save_model("model.json") or ("model.ubj")

The same file is registered once, however often it is imported.`,
		Example: `  runnel models import model.txt --name delays --target late --classes no,yes`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			file, err := readModel(args[0], format)
			if err != nil {
				return err
			}
			m, format, err := read(file, format, args[0], &exchange.Options{Target: target, Classes: classes})
			if err != nil {
				return err
			}
			name := cmp.Or(name, modelname.Model(strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))))
			if !modelname.Valid(name) {
				return usage(fmt.Errorf("%q is no name of a model: give one of letters, digits, dots, hyphens and underscores with --name", name))
			}
			conn, err := a.connect(cmd.Context(), looking)
			if err != nil {
				return err
			}
			defer conn.close()
			v, err := registerImported(cmd, conn, m, name, origin{Format: format, File: filepath.Base(args[0]), Bytes: len(file), SHA256: fmt.Sprintf("%x", sha256.Sum256(file))})
			if err != nil {
				return err
			}
			if alias != "" {
				if _, err := conn.Promote(cmd.Context(), name, api.Promotion{Version: v.Version, Alias: alias}); err != nil {
					return err
				}
			}
			return a.print(v, func() {
				fmt.Fprintf(a.out, "%s version %d: %s of %d columns, from %s\n", name, v.Version, register.Spoken(v.Estimator), len(m.Inputs), args[0])
				if alias != registry.Champion {
					a.say("Next: %s models promote %s %d    serves it", a.name(), name, v.Version)
				}
			})
		},
	}
	c.Flags().StringVar(&format, "format", "", "onnx, lightgbm, xgboost or mlflow; by default what the file looks like")
	c.Flags().StringVar(&name, "name", "", "name of the model; the file's by default")
	c.Flags().StringVar(&target, "target", "", "name of the column that it predicts; target by default")
	c.Flags().StringSliceVar(&classes, "classes", nil, "names of its classes, in the order of the file; those that the file has, or 0,1,2 by default")
	c.Flags().StringVar(&alias, "alias", "challenger", "alias to point at the version; empty for none")
	return c
}

// readModel reads a file that is not larger than any model; of a folder of MLflow
// the graph in it.
func readModel(path, format string) ([]byte, error) {
	info, err := os.Stat(path)
	switch folder := err == nil && info.IsDir(); {
	case folder && format != "" && format != "mlflow" && format != "onnx":
		return nil, usage(fmt.Errorf("%s is a folder, as MLflow writes: --format %s is of a file", path, format))
	case folder:
		if path, err = graphIn(path); err != nil {
			return nil, err
		}
	case err == nil && format == "mlflow":
		return nil, usage(fmt.Errorf("%s is no folder, as MLflow writes: give the one that has the file MLmodel", path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, usage(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, exchange.MaxBytes+1))
	if err != nil {
		return nil, usage(fmt.Errorf("%s is read as a file: %w", path, err))
	}
	return b, nil
}

// graphIn is the file of a folder of MLflow that its MLmodel says has the graph.
func graphIn(folder string) (string, error) {
	said := filepath.Join(folder, "MLmodel")
	text, err := os.ReadFile(said)
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(folder, "model.onnx"), nil
	}
	var doc struct {
		Flavors map[string]map[string]any `yaml:"flavors"`
	}
	if err == nil {
		err = yaml.Unmarshal(text, &doc)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", said, err)
	}
	flavor, ok := doc.Flavors["onnx"]
	if !ok {
		return "", fmt.Errorf("%s: onnx is not among the flavors %q: mlflow.onnx.log_model writes it of what skl2onnx makes", said, slices.Sorted(maps.Keys(doc.Flavors)))
	}
	name, _ := flavor["data"].(string)
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("%s: %q is no file in the folder", said, name)
	}
	return filepath.Join(folder, name), nil
}

// read reads a model of a format, or of that which the file looks like.
func read(file []byte, format, path string, o *exchange.Options) (*model.Model, string, error) {
	if format == "" {
		switch {
		case lightgbm.Is(file):
			format = "lightgbm"
		case xgboost.Is(file):
			format = "xgboost"
		case onnx.Is(file):
			format = "onnx"
		}
	}
	var m *model.Model
	var err error
	switch format {
	case "lightgbm":
		m, err = lightgbm.Read(file, o)
	case "xgboost":
		m, err = xgboost.Read(file, o)
	case "onnx", "mlflow":
		format = "onnx"
		m, err = onnx.Read(file, o)
	default:
		return nil, "", usage(fmt.Errorf("%s looks like none of LightGBM's text, XGBoost's JSON or UBJ, and ONNX: give one of these, or say with --format which it is", path))
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	return m, format, nil
}

// origin says where a model came from: it is its lineage.
type origin struct {
	Format string `json:"format"`
	File   string `json:"file"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// registerImported stores the files of a model, and gives it the next version of a name.
func registerImported(cmd *cobra.Command, c *connection, m *model.Model, name string, from origin) (modelVersion, error) {
	var err error
	if m.Lineage, err = json.Marshal(map[string]any{"imported": from}); err != nil {
		return modelVersion{}, err
	}
	description, weights, err := model.Encode(m)
	if err != nil {
		return modelVersion{}, err
	}
	v := step.ModelVersion{Cause: fmt.Sprintf("import %x", sha256.Sum256(description))}
	for _, file := range []struct {
		ref       *events.Ref
		mediaType string
		content   []byte
	}{
		{&v.Files.Model, events.MediaModel, description},
		{&v.Files.Weights, events.MediaSafetensors, weights},
		{&v.Card, "text/markdown", []byte(importedCard(name, m, from))},
	} {
		if *file.ref, err = c.PutArtifact(cmd.Context(), file.mediaType, bytes.NewReader(file.content)); err != nil {
			return v, err
		}
	}
	return c.Register(cmd.Context(), name, v)
}

// importedCard is the card of a model that was not trained here.
func importedCard(name string, m *model.Model, from origin) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s\n", name)
	kind := register.Spoken(m.Estimator.State().Kind)
	if m.Task == learn.Clustering {
		line("Finds the cluster of a row from %d columns, by %s that was imported.\n", len(m.Inputs), kind)
	} else {
		line("Predicts `%s` (%s) from %d columns, by %s that was imported.\n", m.Target, m.Task, len(m.Inputs), kind)
	}
	line("## Where it comes from\n")
	line("The %s file %s of %d bytes, SHA-256 %s. How good it is was not measured here.\n", from.Format, from.File, from.Bytes, from.SHA256)
	line("## What it takes\n")
	line("| column | type | required |")
	line("|---|---|---|")
	for _, in := range m.Inputs {
		line("| %s | %s | %v |", strings.ReplaceAll(in.Name, "|", "\\|"), in.Kind, in.Required)
	}
	return b.String()
}
