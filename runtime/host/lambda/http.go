package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/runtime/step"
)

// HTTP invokes Lambdas at addresses of one's own: those of the Runtime Interface
// Emulator, or of `sam local start-lambda`. One address answers one invocation
// at a time: the emulator crashes over two.
type HTTP struct {
	urls   func(function string) []string
	client *http.Client

	mu   sync.Mutex
	free map[string]chan string // by function: the addresses that are not at work
}

// longest is the time after which an invocation that was given up on counts as
// over: a Lambda runs for 15 minutes at most.
const longest = 16 * time.Minute

// NewHTTP makes an invoker. urls gives the addresses of a function, which are
// asked for once, such as
// http://127.0.0.1:3001/2015-03-31/functions/clean/invocations.
func NewHTTP(urls func(function string) []string) *HTTP {
	return &HTTP{urls: urls, client: &http.Client{}, free: map[string]chan string{}}
}

// Invoke implements Invoker. It waits for an address that is not at work.
func (h *HTTP) Invoke(ctx context.Context, function string, payload []byte) (Reply, error) {
	free := h.of(function)
	if cap(free) == 0 {
		return Reply{}, step.Permanent(fmt.Errorf("there is no address for function %s", function))
	}
	var url string
	select {
	case url = <-free:
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	}
	type answer struct {
		reply Reply
		err   error
	}
	answered := make(chan answer, 1)
	go func() { // which outlives ctx: the address is at work until it has answered
		working, cancel := context.WithTimeout(context.WithoutCancel(ctx), longest)
		defer cancel()
		reply, err := h.post(working, url, payload)
		free <- url
		answered <- answer{reply, err}
	}()
	select {
	case a := <-answered:
		return a.reply, a.err
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	}
}

func (h *HTTP) of(function string) chan string {
	h.mu.Lock()
	defer h.mu.Unlock()
	free, ok := h.free[function]
	if !ok {
		urls := h.urls(function)
		free = make(chan string, len(urls))
		for _, u := range urls {
			free <- u
		}
		h.free[function] = free
	}
	return free
}

func (h *HTTP) post(ctx context.Context, url string, payload []byte) (Reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
	if err != nil {
		return Reply{}, step.Permanent(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.client.Do(req)
	if err != nil {
		return Reply{}, step.Retryable(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Reply{}, step.Retryable(fmt.Errorf("POST %s: %w", url, err))
	}
	return reply(url, resp, body)
}

// reply reads an answer. The emulator has no header that says that a function
// failed: a body with an error type does, and a text about the time.
func reply(url string, resp *http.Response, body []byte) (Reply, error) {
	var said struct {
		Type *string `json:"errorType"`
	}
	failed := resp.Header.Get("X-Amz-Function-Error") != "" || strings.HasPrefix(string(body), "Task timed out") ||
		json.Unmarshal(body, &said) == nil && said.Type != nil
	switch {
	case failed:
		return Reply{Payload: body, Failed: true}, nil
	case resp.StatusCode == http.StatusOK:
		return Reply{Payload: body}, nil
	}
	err := fmt.Errorf("POST %s: %s: %.500s", url, resp.Status, strings.TrimSpace(string(body)))
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
		return Reply{}, step.Retryable(err)
	}
	return Reply{}, step.Permanent(err)
}
