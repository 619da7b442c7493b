// Package message is what passes between host lambda and a function that runs as
// an AWS Lambda, as JSON.
package message

import (
	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
)

// MaxPayload is the most bytes that a request or its response may have as they
// are; AWS allows 6 MB for either of a synchronous invocation. What is larger
// goes by the store.
const MaxPayload = 6_000_000

// MaxStored bounds what goes by the store, in bytes.
const MaxStored = 256 << 20

// A Request asks for one execution of the function: what guests are given too.
type Request struct {
	abi.Invocation
	// Store is where the caller's store is, for a function that has none of its own.
	Store string `json:"store,omitempty"`
	// Stored is set of a Stub.
	Stored *events.Ref `json:"stored,omitempty"`
}

// A Stub stands for a request that is too large for a message: an artifact holds
// it whole.
type Stub struct {
	ABI      int        `json:"abi"`
	Function string     `json:"function"`
	Store    string     `json:"store,omitempty"`
	Stored   events.Ref `json:"stored"`
}

// A Response is what came of it.
type Response struct {
	Result step.Result `json:"result"`
	Error  *abi.Error  `json:"error,omitempty"`
	// Stored is the artifact that holds the whole response, where it is too large.
	Stored *events.Ref `json:"stored,omitempty"`
}
