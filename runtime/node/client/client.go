// Package client asks a node over HTTP: one that runs, or one that was opened in
// this process for as long as the client needs it.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A Client asks one node. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// New makes a client of the node at a URL such as http://127.0.0.1:7070.
func New(base, token string) *Client {
	return &Client{base: strings.TrimSuffix(base, "/"), token: token, http: &http.Client{}}
}

// Within makes a client of a handler in this process.
func Within(h http.Handler) *Client {
	return &Client{base: "http://localhost", http: &http.Client{Transport: transport{h}}}
}

// request sends a request and gives the answer, whose body the caller closes.
func (c *Client) request(ctx context.Context, method, path string, body io.Reader, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	var said struct{ Error *api.Error }
	if json.Unmarshal(b, &said) == nil && said.Error != nil {
		said.Error.Status = res.StatusCode
		return nil, said.Error
	}
	return nil, fmt.Errorf("%s %s: %s: %s", method, path, res.Status, bytes.TrimSpace(b))
}

func (c *Client) do(ctx context.Context, method, path string, body any, out any) error {
	var r io.Reader
	header := http.Header{}
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r = bytes.NewReader(b)
		header.Set("Content-Type", "application/json")
	}
	res, err := c.request(ctx, method, path, r, header)
	if err != nil {
		return err
	}
	return decode(res, out)
}

func decode(res *http.Response, out any) error {
	defer res.Body.Close()
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}

func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	var out T
	return out, c.do(ctx, http.MethodGet, path, nil, &out)
}

func post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	var out T
	return out, c.do(ctx, http.MethodPost, path, body, &out)
}

func esc(s string) string { return url.PathEscape(s) }

// Node says what the node is.
func (c *Client) Node(ctx context.Context) (api.Info, error) {
	return get[api.Info](ctx, c, "/v1/node")
}

// Put uploads an object.
func (c *Client) Put(ctx context.Context, bucket, key, mediaType string, metadata map[string]string, r io.Reader) (api.Uploaded, error) {
	header := http.Header{"Content-Type": {mediaType}}
	for k, v := range metadata {
		header.Set("X-Amz-Meta-"+k, v)
	}
	var out api.Uploaded
	path := "/v1/objects/" + esc(bucket) + "/" + strings.ReplaceAll(esc(key), "%2F", "/")
	res, err := c.request(ctx, http.MethodPut, path, r, header)
	if err != nil {
		return out, err
	}
	return out, decode(res, &out)
}

// StartRun runs a pipeline over a file; r is nil where the request has a URL.
func (c *Client) StartRun(ctx context.Context, req api.RunRequest, r io.Reader) (string, error) {
	b, err := json.Marshal(req)
	if err != nil {
		return "", err
	}
	res, err := c.request(ctx, http.MethodPost, "/v1/runs?request="+url.QueryEscape(string(b)), r, nil)
	if err != nil {
		return "", err
	}
	var out api.RunStarted
	return out.Run, decode(res, &out)
}

// Runs lists the newest runs, at most limit; 0 is all.
func (c *Client) Runs(ctx context.Context, limit int) ([]api.RunSummary, error) {
	return get[[]api.RunSummary](ctx, c, "/v1/runs?limit="+strconv.Itoa(limit))
}

// Run shows a run by its id, the beginning of it, or as last.
func (c *Client) Run(ctx context.Context, id string) (api.RunState, error) {
	return get[api.RunState](ctx, c, "/v1/runs/"+esc(id))
}

// Replay runs the root event of a run again.
func (c *Client) Replay(ctx context.Context, id string) (string, error) {
	out, err := post[api.RunStarted](ctx, c, "/v1/runs/"+esc(id)+"/replay", nil)
	return out.Run, err
}

// Cancel ends a run, and gives its whole id. A run that is over is an api.Error
// with status 409.
func (c *Client) Cancel(ctx context.Context, id string) (string, error) {
	out, err := post[api.RunCancelled](ctx, c, "/v1/runs/"+esc(id)+"/cancel", nil)
	return out.Run, err
}

// Artifact reads an artifact; the caller closes it.
func (c *Client) Artifact(ctx context.Context, digest string) (io.ReadCloser, error) {
	res, err := c.request(ctx, http.MethodGet, "/v1/artifacts/"+esc(digest), nil, nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// PutArtifact stores bytes that no event tells of, for a run to refer to.
func (c *Client) PutArtifact(ctx context.Context, mediaType string, r io.Reader) (events.Ref, error) {
	res, err := c.request(ctx, http.MethodPost, "/v1/artifacts", r, http.Header{"Content-Type": {mediaType}})
	if err != nil {
		return events.Ref{}, err
	}
	var ref events.Ref
	return ref, decode(res, &ref)
}

// Models lists the models.
func (c *Client) Models(ctx context.Context) ([]api.Model, error) {
	return get[[]api.Model](ctx, c, "/v1/models")
}

// Model shows a model.
func (c *Client) Model(ctx context.Context, name string) (api.Model, error) {
	return get[api.Model](ctx, c, "/v1/models/"+esc(name))
}

// Register gives a model whose files are artifacts the next version of a name.
func (c *Client) Register(ctx context.Context, name string, v step.ModelVersion) (step.ModelVersion, error) {
	return post[step.ModelVersion](ctx, c, "/v1/models/"+esc(name), v)
}

// Promote points an alias at a version.
func (c *Client) Promote(ctx context.Context, name string, p api.Promotion) (api.Move, error) {
	return post[api.Move](ctx, c, "/v1/models/"+esc(name)+"/promote", p)
}

// Rollback points an alias at the version that it pointed to before.
func (c *Client) Rollback(ctx context.Context, name string, p api.Promotion) (api.Move, error) {
	return post[api.Move](ctx, c, "/v1/models/"+esc(name)+"/rollback", p)
}

// Predict predicts a row, or a list of rows, given as JSON values. Numbers of the
// answer are json.Number: as the node wrote them.
func (c *Client) Predict(ctx context.Context, name, version string, rows any) (map[string]any, error) {
	path := "/v1/models/" + esc(name) + "/predict"
	if version != "" {
		path += "?version=" + url.QueryEscape(version)
	}
	raw, err := post[json.RawMessage](ctx, c, path, rows)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("the node's answer: %w", err)
	}
	return out, nil
}

// DeadLetters lists dead letters, the newest first.
func (c *Client) DeadLetters(ctx context.Context, q engine.LetterQuery) (engine.Letters, error) {
	v := url.Values{"limit": {strconv.Itoa(q.Limit)}, "decided": {strconv.FormatBool(q.Decided)}, "prefix": {q.Prefix}}
	return get[engine.Letters](ctx, c, "/v1/deadletters?"+v.Encode())
}

// DeadLetter shows a dead letter.
func (c *Client) DeadLetter(ctx context.Context, id string) (engine.DeadLetter, error) {
	return get[engine.DeadLetter](ctx, c, "/v1/deadletters/"+esc(id))
}

// Redrive sends the event of a dead letter again.
func (c *Client) Redrive(ctx context.Context, id string) (engine.DeadLetter, error) {
	return post[engine.DeadLetter](ctx, c, "/v1/deadletters/"+esc(id)+"/redrive", nil)
}

// Discard notes that a dead letter needs no more attention.
func (c *Client) Discard(ctx context.Context, id string) (engine.DeadLetter, error) {
	return post[engine.DeadLetter](ctx, c, "/v1/deadletters/"+esc(id)+"/discard", nil)
}

// Invoke runs a function once.
func (c *Client) Invoke(ctx context.Context, name string, in api.Invoke) (step.Result, error) {
	return post[step.Result](ctx, c, "/v1/functions/"+esc(name)+"/invoke", in)
}
