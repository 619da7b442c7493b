// Package events defines what is said between functions: the types of
// CloudEvents, their typed and versioned payloads, how an event's id is made,
// and the extensions that tie events into runs.
//
// Payloads carry references to artifacts, never data.
package events

// The event types. A payload that changes incompatibly gets a new version.
const (
	ObjectCreated     = "dev.runnel.object.created.v1"
	IngestRequested   = "dev.runnel.ingest.requested.v1"
	DatasetIngested   = "dev.runnel.dataset.ingested.v1"
	DatasetCleaned    = "dev.runnel.dataset.cleaned.v1"
	DatasetExplored   = "dev.runnel.dataset.explored.v1"
	FeaturesBuilt     = "dev.runnel.features.built.v1"
	FeaturesTuned     = "dev.runnel.features.tuned.v1"
	TrialRequested    = "dev.runnel.trial.requested.v1"
	TrialFinished     = "dev.runnel.trial.finished.v1"
	TrainingRequested = "dev.runnel.training.requested.v1"
	ModelTrained      = "dev.runnel.model.trained.v1"
	ModelEvaluated    = "dev.runnel.model.evaluated.v1"
	ModelExplained    = "dev.runnel.model.explained.v1"
	ModelRegistered   = "dev.runnel.model.registered.v1"
	ModelDeployed     = "dev.runnel.model.deployed.v1"
	PredictionRequest = "dev.runnel.prediction.requested.v1"
	PredictionMade    = "dev.runnel.prediction.made.v1"
	DriftDetected     = "dev.runnel.drift.detected.v1"
	RetrainRequested  = "dev.runnel.retrain.requested.v1"
	StepFailed        = "dev.runnel.step.failed.v1"
)

// Types lists every event type.
func Types() []string {
	return []string{
		ObjectCreated, IngestRequested, DatasetIngested, DatasetCleaned, DatasetExplored, FeaturesBuilt, FeaturesTuned, TrialRequested, TrialFinished, TrainingRequested,
		ModelTrained, ModelEvaluated, ModelExplained, ModelRegistered, ModelDeployed,
		PredictionRequest, PredictionMade, DriftDetected, RetrainRequested, StepFailed,
	}
}

// The CloudEvents extension attributes.
const (
	Run             = "correlationid"   // id of the root event: all that it caused is one run
	Cause           = "causationid"     // id of the parent event
	Pipeline        = "pipeline"        // name of the pipeline that the event belongs to; absent on a root event for any
	PipelineVersion = "pipelineversion" // digest of that pipeline's definition
	StepName        = "step"            // step that emitted the event
	TraceParent     = "traceparent"
	PartitionKey    = "partitionkey"
	Sequence        = "sequence"
	SetID           = "setid"       // fan-out: members of one set share it; see Set
	SetSize         = "setsize"     // how many members it has,
	SetIndex        = "setindex"    // which one this is,
	SetOuter        = "setouter"    // and the sets around it: index/size/id, the innermost last, separated by semicolons
	Redrive         = "redrive"     // how often the event was sent again from the dead letters,
	RedriveStep     = "redrivestep" // and to which step; others know that they answered it
)
