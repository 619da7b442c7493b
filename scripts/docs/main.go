// Command docs writes the reference in docs/reference from the code: what the
// functions and the definition of a pipeline take. Its test fails where the
// files and the code differ.
//
//	go run ./scripts/docs
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/schema"
)

func main() {
	for name, text := range pages() {
		if err := os.WriteFile(filepath.Join("docs", "reference", name), []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "docs:", err)
			os.Exit(1)
		}
	}
}

// pages are the files of docs/reference by name.
func pages() map[string]string {
	return map[string]string{"functions.md": functions(), "pipeline.md": definition()}
}

const generated = "<!-- Written by `go run ./scripts/docs` from the code: change it there. -->\n\n"

func functions() string {
	var b strings.Builder
	b.WriteString(generated + "# Functions\n\nA function is a step's work. It answers events of the types that it accepts, and emits events that others answer.\n`runnel functions describe NAME` prints the same, `--json` as JSON Schema.\n\n")
	b.WriteString("| function | answers | emits |\n|---|---|---|\n")
	for _, f := range all.List() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", f.Name, f.Name, types(f.Accepts), types(f.Emits))
	}
	for _, f := range all.List() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", f.Name, f.Doc)
		if f.Effect {
			b.WriteString("It changes more than artifacts, so that its result is never taken from the step cache.\n")
		}
		if len(f.Params.Fields) == 0 {
			b.WriteString("\nIt takes no params.\n")
			continue
		}
		b.WriteString("\n")
		table(&b, f.Params.Fields)
	}
	return b.String()
}

func definition() string {
	var b strings.Builder
	b.WriteString(generated + "# The definition of a pipeline\n\nA definition is a YAML file. `runnel pipeline lint FILE` checks it: every problem with its line and column.\nA trigger may be written as the plain text of its type. What a step takes as params is in [functions.md](functions.md).\n\n")
	table(&b, schema.Of[pipeline.Spec]().Fields)
	b.WriteString("\n## Event types\n\nIn `on`, a type is named in full or short.\n\n| short | in full |\n|---|---|\n")
	for _, t := range events.Types() {
		fmt.Fprintf(&b, "| `%s` | `%s` |\n", events.ShortType(t), t)
	}
	b.WriteString("\n## The default pipeline\n\nIt runs where no definition is named. `runnel pipeline init` writes it to a file.\n\n```yaml\n" + strings.TrimSpace(pipeline.DefaultYAML) + "\n```\n")
	return b.String()
}

func types(list []string) string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = "`" + events.ShortType(t) + "`"
	}
	return strings.Join(out, ", ")
}

// table lays fields out, those of objects by their path.
func table(b *strings.Builder, fields []schema.Field) {
	b.WriteString("| name | takes | default | meaning |\n|---|---|---|---|\n")
	rows(b, "", fields)
}

func rows(b *strings.Builder, prefix string, fields []schema.Field) {
	for _, f := range fields {
		def := ""
		if f.Default != nil && f.Default != "" {
			def = fmt.Sprintf("`%v`", f.Default)
		}
		name := prefix + f.Name
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, takes(f), def, cell(f.Doc))
		switch {
		case f.Fields != nil:
			rows(b, name+".", f.Fields)
		case f.Elem != nil && f.Type == schema.Array:
			rows(b, name+"[].", f.Elem.Fields)
		case f.Elem != nil:
			rows(b, name+".*.", f.Elem.Fields)
		}
	}
}

// takes says which values a field may have.
func takes(f schema.Field) string {
	if len(f.Enum) > 0 {
		return "`" + strings.Join(f.Enum, "`, `") + "`"
	}
	text := string(f.Type)
	if f.Type == schema.Array {
		text += " of " + string(f.Elem.Type)
	}
	switch {
	case f.Min != nil && f.Max != nil:
		text += fmt.Sprintf(", %s to %s", number(*f.Min), number(*f.Max))
	case f.Min != nil:
		text += fmt.Sprintf(", at least %s", number(*f.Min))
	case f.Max != nil:
		text += fmt.Sprintf(", at most %s", number(*f.Max))
	}
	return text
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// cell is text that breaks no table.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", ">", "&gt;", "\n", " ").Replace(text)
}
