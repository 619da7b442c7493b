// Package ingest is the step that makes a dataset of what was uploaded: it
// reads and types the table, decides what is to be predicted and how, and
// splits the rows into those to learn from and those to judge by.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/ingest/reading"
	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/modelname"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Params says what is read, what is predicted and how rows are split.
type Params struct {
	_ [0]func() // no two are compared: what would compare them is 3 kB of the guest

	Target     string  `json:"target" doc:"column to predict; by default the one that the upload's metadata names under target"`
	Task       string  `json:"task" default:"auto" enum:"auto,classification,regression,clustering,anomaly_detection,recommendation" doc:"what is predicted; auto decides by the target's values; clustering finds groups of alike rows, anomaly_detection rows that are unlike all others, and they take no target; recommendation is of rows that say what users did, which takes user and item, and these alone ask for it"`
	User       string  `json:"user" doc:"recommendation: column of users; by default the one that the upload's metadata names under user"`
	Item       string  `json:"item" doc:"recommendation: column of items, which are recommended; by default that under item"`
	Weight     string  `json:"weight" doc:"column of how much a row counts, a number of at least 0: 2 as much as two rows; of a recommendation how much a user did with an item, such as how often; by default that under weight, or each row counts as 1"`
	Label      string  `json:"label" doc:"anomaly_detection: column that says which rows are known to be anomalies, true or 1; nothing is learnt from it, the model is judged by it; by default that under label"`
	Name       string  `json:"name" doc:"name of the dataset; the file's name by default"`
	Format     string  `json:"format" default:"auto" enum:"auto,csv,jsonl,parquet" doc:"how the file is written; auto looks at its first bytes"`
	OnBadRow   string  `json:"on_bad_row" default:"fail" enum:"fail,skip" doc:"a row that cannot be read ends the step with an error, or is left out and counted"`
	Delimiter  string  `json:"delimiter" doc:"CSV: the delimiter; found out by default"`
	Header     string  `json:"header" default:"auto" enum:"auto,yes,no" doc:"CSV: whether the first row holds the names"`
	DateOrder  string  `json:"date_order" default:"auto" enum:"auto,month_first,day_first" doc:"CSV: how 01/02/2006 is read where the column leaves it open"`
	NestedText bool    `json:"nested_text" default:"false" doc:"JSON: keep objects and lists within a row as their text; without it they are an error"`
	Test       float64 `json:"test" default:"0.2" min:"0" max:"0.9" doc:"share of the rows to judge by"`
	Validation float64 `json:"validation" default:"0" min:"0" max:"0.9" doc:"share of the rows kept for validation"`
	Split      string  `json:"split" default:"auto" enum:"auto,random,stratified,time,group" doc:"how rows are split; auto is stratified for classes and random for numbers; of a clustering and of anomaly_detection all rows are learnt from; of a recommendation the share to judge by is of each user's items, the last ones by the column by, or some at random, and with time what all users did last"`
	By         string  `json:"by" doc:"column of the time or the group that split goes by; of a recommendation also with auto"`
	PartBytes  int64   `json:"part_bytes" default:"268435456" min:"1048576" doc:"files larger than this many bytes become parts of about an eighth of it, so that memory stays bounded"`
	MaxBytes   int64   `json:"max_bytes" default:"68719476736" min:"1" doc:"largest file after decompression, in bytes"`
	FetchLimit string  `json:"fetch_timeout" default:"10m" doc:"URL: longest time that a download takes"`
	Redirects  int     `json:"max_redirects" default:"5" min:"0" max:"20" doc:"URL: redirects that are followed"`
}

// Check implements step.Checker.
func (p Params) Check() error {
	if (p.Split == "time" || p.Split == "group") && p.By == "" {
		return fmt.Errorf("split: %s goes by a column: name it with by", p.Split)
	}
	if p.Test+p.Validation > 0.95 {
		return errors.New("test and validation together leave less than 5 % of the rows to learn from")
	}
	if len(p.Delimiter) > 1 && p.Delimiter != `\t` {
		return fmt.Errorf("delimiter: %q is not one character", p.Delimiter)
	}
	if d, err := time.ParseDuration(p.FetchLimit); err != nil || d <= 0 {
		return fmt.Errorf("fetch_timeout: %q is not a duration: want one such as 90s or 10m", p.FetchLimit)
	}
	if p.Name != "" && !modelname.Valid(p.Name) {
		return fmt.Errorf("name: %q: want 1 to 100 letters, digits, dots, hyphens and underscores, the first a letter or digit", p.Name)
	}
	return nil
}

// tasks are those that an upload's metadata may ask for.
var tasks = []string{"classification", "regression", "clustering", "anomaly_detection", "recommendation"}

// Function is the step.
var Function = step.New("ingest", handle,
	step.Doc("Reads an uploaded table or a URL, types its columns, decides the task and splits the rows."),
	step.Accepts(events.ObjectCreated, events.IngestRequested),
	step.Emits(events.DatasetIngested))

// reading are the params that say how files are read.
func (p Params) reading() reading.Options {
	return reading.Options{
		Format: p.Format, OnBadRow: p.OnBadRow, Delimiter: p.Delimiter, Header: p.Header, DateOrder: p.DateOrder,
		NestedText: p.NestedText, PartBytes: p.PartBytes, MaxBytes: p.MaxBytes,
	}
}

func handle(ctx context.Context, call *step.Call, p Params) error {
	name, files, metadata, err := sources(ctx, call, p)
	if err != nil {
		return err
	}
	if p.Target == "" {
		p.Target = metadata["target"]
	}
	if t := metadata["task"]; p.Task == "auto" && t != "" {
		if !slices.Contains(tasks, t) {
			return step.Permanent(fmt.Errorf("the upload's metadata has the task %q: want %s", t, strings.Join(tasks, ", ")))
		}
		p.Task = t
	}
	if err := p.name(metadata); err != nil {
		return step.Permanent(err)
	}
	if p.Target != "" && !learn.Task(p.Task).Supervised() {
		return step.Permanent(fmt.Errorf("%s has no target, and %q is named as one: leave target out (clean.drop_columns keeps a column out of what is learnt)", p.Task, p.Target))
	}
	if p.Name != "" {
		name = p.Name
	}
	b := &builder{call: call, params: p, name: name}
	b.files = reading.New(call, p.reading(), b.add)
	if p.Target != "" {
		b.keep = append(b.keep, p.Target)
	}
	for _, column := range []string{p.By, p.User, p.Item, p.Weight, p.Label} {
		if column != "" && !slices.Contains(b.keep, column) {
			b.keep = append(b.keep, column)
		}
	}
	if err := b.files.Read(ctx, files); err != nil {
		return err
	}
	return b.finish(ctx)
}

// sources finds what the event is about: one file, or all that a manifest lists.
func sources(ctx context.Context, call *step.Call, p Params) (name string, files []reading.File, metadata map[string]string, err error) {
	if call.Event.Type() == events.IngestRequested {
		in, err := events.Data[events.IngestRequestedData](call.Event)
		if err != nil {
			return "", nil, nil, step.Permanent(err)
		}
		timeout, err := time.ParseDuration(p.FetchLimit)
		if err != nil {
			return "", nil, nil, step.Permanent(err)
		}
		ref, err := call.Fetch(ctx, in.URL, step.FetchLimits{MaxBytes: p.MaxBytes, Timeout: timeout, MaxRedirects: p.Redirects})
		if err != nil {
			return "", nil, nil, err
		}
		base := hostAndPath(in.URL)
		return datasetName(base), []reading.File{{Name: path.Base(base), Content: ref}}, in.Metadata, nil
	}
	in, err := events.Data[events.ObjectCreatedData](call.Event)
	if err != nil {
		return "", nil, nil, step.Permanent(err)
	}
	if in.Content.MediaType != events.MediaManifest {
		return datasetName(in.Key), []reading.File{{Name: in.Key, Content: in.Content}}, in.Metadata, nil
	}
	var list []events.Object
	if err := call.JSON(ctx, in.Content, &list); err != nil {
		return "", nil, nil, step.Permanent(err)
	}
	if len(list) == 0 {
		return "", nil, nil, step.Permanent(fmt.Errorf("%s lists no files", in.Key))
	}
	for _, o := range list {
		files = append(files, reading.File{Name: o.Key, Content: o.Content})
	}
	return datasetName(in.Key), files, in.Metadata, nil
}

// hostAndPath is what a URL that was fetched is called by: its host and its
// path, unescaped. Package net/url would be a thirtieth of the guest.
func hostAndPath(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	host, file, _ := strings.Cut(rest, "/")
	name := []byte(host[strings.LastIndexByte(host, '@')+1:] + "/")
	for i := 0; i < len(file); i++ {
		c := file[i]
		if c == '%' && i+2 < len(file) {
			if code, err := strconv.ParseUint(file[i+1:i+3], 16, 8); err == nil {
				c = byte(code)
				i += 2
			}
		}
		name = append(name, c)
	}
	return path.Clean(string(name))
}

// extensions say how a file is written, not what it holds.
var extensions = []string{".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".pq", ".gz", ".zst"}

// datasetName makes a name of a key: data/My Sales.csv.gz is my-sales.
func datasetName(key string) string {
	base := strings.ToLower(path.Base(strings.TrimSuffix(key, "/")))
	for slices.Contains(extensions, path.Ext(base)) {
		base = strings.TrimSuffix(base, path.Ext(base))
	}
	name := strings.Trim(modelname.Dataset(base), "-")
	if len(name) > 40 {
		name = strings.Trim(name[:40], "-")
	}
	if name == "" {
		return "dataset"
	}
	if name[0] >= '0' && name[0] <= '9' {
		return "d" + name
	}
	return name
}

// sameSchema explains how a file's columns differ from those of the first.
func sameSchema(first, next table.Schema) error {
	for i := range max(len(first), len(next)) {
		switch {
		case i >= len(next):
			return fmt.Errorf("it lacks the column %q", first[i].Name)
		case i >= len(first):
			return fmt.Errorf("it has one column more, %q", next[i].Name)
		case first[i] != next[i]:
			a, _ := json.Marshal(first[i])
			b, _ := json.Marshal(next[i])
			return fmt.Errorf("its column %d is %s, not %s", i+1, b, a)
		}
	}
	return nil
}
