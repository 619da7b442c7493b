package events

import "time"

// A Payload is the data of one type of event.
type Payload interface {
	// EventType is the CloudEvents type that carries this payload.
	EventType() string
}

// A Ref points to an artifact: immutable bytes, named by their digest.
type Ref struct {
	Digest    string `json:"digest"`              // sha256:<64 hex digits>
	MediaType string `json:"mediaType,omitempty"` // as in RFC 6838
	Size      int64  `json:"size"`                // bytes
}

// IsZero reports whether the reference points to nothing.
func (r Ref) IsZero() bool { return r.Digest == "" }

// The media types of artifacts.
const (
	MediaParquet      = "application/vnd.apache.parquet"
	MediaColumns      = "application/vnd.runnel.columns.v1"
	MediaDataset      = "application/vnd.runnel.dataset.v1+json"
	MediaTransformers = "application/vnd.runnel.transformers.v1+json"
	MediaModel        = "application/vnd.runnel.model.v1+json"
	MediaSafetensors  = "application/vnd.safetensors"
	MediaManifest     = "application/vnd.runnel.objects.v1+json"
	MediaJSON         = "application/json"
	MediaHTML         = "text/html"
	MediaWASM         = "application/wasm"
	MediaBytes        = "application/octet-stream"
)

// An Object is what a user uploaded, at one version.
type Object struct {
	Bucket    string            `json:"bucket"`
	Key       string            `json:"key"`
	Version   int               `json:"version"` // counts the contents that the key has had, from 1
	Content   Ref               `json:"content"`
	Metadata  map[string]string `json:"metadata,omitempty"` // as uploaded: x-amz-meta-*, without the prefix
	CreatedAt time.Time         `json:"createdAt"`
}

// ObjectCreatedData says that an object is whole and can be read.
type ObjectCreatedData struct {
	Object
}

// IngestRequestedData asks for data at a URL to be fetched and ingested.
type IngestRequestedData struct {
	URL      string            `json:"url"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// A Dataset describes a table at rest: see the dataset package for its manifest.
type Dataset struct {
	Name     string   `json:"name"`
	Manifest Ref      `json:"manifest"`
	Rows     int64    `json:"rows"`
	Columns  int      `json:"columns"`
	Target   string   `json:"target,omitempty"`  // column to predict; "" when none is known
	Task     string   `json:"task,omitempty"`    // classification, regression, clustering, anomaly_detection or recommendation
	Classes  []string `json:"classes,omitempty"` // of a classification, in order

	// Roles are columns by what they are: weight, how much a row counts, where there
	// is one, of anomaly detection label, which rows are known to be anomalies, of a
	// recommendation user and item, and group or time where rows were split by that.
	Roles map[string]string `json:"roles,omitempty"`
}

// Aside lists the columns that are no features: the target, how much rows count, and
// which are known to be anomalies.
func (d Dataset) Aside() []string {
	var names []string
	for _, name := range []string{d.Target, d.Roles[RoleWeight], d.Roles[RoleLabel]} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// The roles of columns.
const (
	RoleUser   = "user"
	RoleItem   = "item"
	RoleWeight = "weight"
	RoleLabel  = "label"
	RoleGroup  = "group" // all rows of a group are in one subset
	RoleTime   = "time"  // the rows to judge by are the last
)

// DatasetIngestedData says that a table was read, typed and split.
type DatasetIngestedData struct {
	Dataset Dataset  `json:"dataset"`
	Skipped int64    `json:"skippedRows"`
	Notes   []string `json:"notes,omitempty"`
}

// DatasetCleanedData says that a table was cleaned; Transformers repeat it on new rows.
type DatasetCleanedData struct {
	Raw          Dataset  `json:"raw"`
	Dataset      Dataset  `json:"dataset"`
	Transformers Ref      `json:"transformers"`
	Notes        []string `json:"notes,omitempty"`
}

// DatasetExploredData says that a table was described.
type DatasetExploredData struct {
	Dataset Dataset `json:"dataset"`
	Profile Ref     `json:"profile"` // JSON
	Report  Ref     `json:"report"`  // self-contained HTML
	Alerts  int     `json:"alerts"`
}

// FeaturesBuiltData says that a table of features is ready; Transformers make it from raw rows.
type FeaturesBuiltData struct {
	Raw          Dataset  `json:"raw"`
	Dataset      Dataset  `json:"dataset"`
	Transformers Ref      `json:"transformers"`
	Notes        []string `json:"notes,omitempty"`
}

// FeaturesTunedData says which estimator with which parameters does best on
// features, of those that were tried.
type FeaturesTunedData struct {
	FeaturesBuiltData
	Choice Ref     `json:"choice"` // JSON: the estimator and its parameters
	Metric string  `json:"metric"`
	Score  float64 `json:"score"` // the mean of the folds'
	Trials int     `json:"trials"`
}

// TrialRequestedData asks for one trial of a search.
type TrialRequestedData struct {
	FeaturesBuiltData
	Study Ref `json:"study"` // JSON: what is searched, and the trials so far
	Trial int `json:"trial"` // number of the trial that is to be done
}

// TrialFinishedData says what came of a trial.
type TrialFinishedData struct {
	TrialRequestedData
	Score  float64   `json:"score"`            // the mean of the folds'
	Scores []float64 `json:"scores,omitempty"` // of the folds
	Error  string    `json:"error,omitempty"`  // why it could not be done

	Also map[string]float64 `json:"also,omitempty"` // other metrics, of a task without a target

	Outputs Ref `json:"outputs,omitzero"` // safetensors: what was predicted for each fold's test rows, where a vote is chosen by it
}

// A ModelRef points to a model's two files.
type ModelRef struct {
	Model   Ref `json:"model"`   // model.json
	Weights Ref `json:"weights"` // weights.safetensors
}

// ModelTrainedData says that a model was fitted.
type ModelTrainedData struct {
	Raw       Dataset            `json:"raw"`
	Features  Dataset            `json:"features"`
	Estimator string             `json:"estimator"`
	Model     ModelRef           `json:"model"`
	Metrics   map[string]float64 `json:"metrics"` // on the training rows
	Notes     []string           `json:"notes,omitempty"`
}

// ModelEvaluatedData says how good a model is on rows that it has not seen, and that it passed its gates.
type ModelEvaluatedData struct {
	Raw        Dataset            `json:"raw"`
	Estimator  string             `json:"estimator"`
	Model      ModelRef           `json:"model"`
	Metrics    map[string]float64 `json:"metrics"`  // on the test rows
	Baseline   map[string]float64 `json:"baseline"` // a model that knows only the target's distribution
	Evaluation Ref                `json:"evaluation"`
	Report     Ref                `json:"report,omitzero"`
}

// ModelExplainedData says what a model's predictions rest on.
type ModelExplainedData struct {
	Model       ModelRef `json:"model"`
	Explanation Ref      `json:"explanation"`
	Report      Ref      `json:"report,omitzero"`
}

// ModelRegisteredData says that a model has a name and a version.
type ModelRegisteredData struct {
	Name    string             `json:"name"`
	Version int                `json:"version"`
	Model   ModelRef           `json:"model"`
	Card    Ref                `json:"card"` // Markdown
	Metrics map[string]float64 `json:"metrics"`
	Aliases []string           `json:"aliases,omitempty"`
}

// ModelDeployedData says that a version is the served one.
type ModelDeployedData struct {
	Name     string `json:"name"`
	Version  int    `json:"version"`
	Alias    string `json:"alias"`
	Previous int    `json:"previous,omitempty"` // version that was served before
}

// PredictionRequestData asks for predictions for a table.
type PredictionRequestData struct {
	Model  string `json:"model"`           // name, name@version or name@alias
	Object Object `json:"object,omitzero"` // table of rows
}

// PredictionMadeData says that a table of predictions is ready.
type PredictionMadeData struct {
	Model       string `json:"model"`
	Version     int    `json:"version"`
	Rows        int64  `json:"rows"`
	Predictions Ref    `json:"predictions"` // Parquet
}

// StepFailedData says that a step was given up on; the dead letter holds all of it.
type StepFailedData struct {
	Step       string `json:"step"`
	Class      string `json:"class"` // permanent, retryable, timeout or poison
	Message    string `json:"message"`
	Attempts   int    `json:"attempts"`
	DeadLetter string `json:"deadLetter"` // id
}

// EventType implements Payload.
func (ObjectCreatedData) EventType() string     { return ObjectCreated }
func (IngestRequestedData) EventType() string   { return IngestRequested }
func (DatasetIngestedData) EventType() string   { return DatasetIngested }
func (DatasetCleanedData) EventType() string    { return DatasetCleaned }
func (DatasetExploredData) EventType() string   { return DatasetExplored }
func (FeaturesBuiltData) EventType() string     { return FeaturesBuilt }
func (FeaturesTunedData) EventType() string     { return FeaturesTuned }
func (TrialRequestedData) EventType() string    { return TrialRequested }
func (TrialFinishedData) EventType() string     { return TrialFinished }
func (ModelTrainedData) EventType() string      { return ModelTrained }
func (ModelEvaluatedData) EventType() string    { return ModelEvaluated }
func (ModelExplainedData) EventType() string    { return ModelExplained }
func (ModelRegisteredData) EventType() string   { return ModelRegistered }
func (ModelDeployedData) EventType() string     { return ModelDeployed }
func (PredictionRequestData) EventType() string { return PredictionRequest }
func (PredictionMadeData) EventType() string    { return PredictionMade }
func (StepFailedData) EventType() string        { return StepFailed }
