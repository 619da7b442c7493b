package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/runnel-dev/runnel/gpu-runner/job"
	"github.com/runnel-dev/runnel/learn"
)

// A Client asks a training service.
type Client struct {
	URL   string // http://host:port
	Token string
	HTTP  *http.Client // nil is http.DefaultClient
}

// maxAnswer bounds the state of a model.
const maxAnswer = 4 << 30

// Fit has a model fitted, and returns its state.
func (c *Client) Fit(ctx context.Context, r *job.Request) (learn.State, error) {
	s, err := c.fit(ctx, r)
	if err != nil {
		return learn.State{}, fmt.Errorf("fitting %s at %s: %w", r.Estimator, c.URL, err)
	}
	return s, nil
}

func (c *Client) fit(ctx context.Context, r *job.Request) (learn.State, error) {
	body, err := r.Encode()
	if err != nil {
		return learn.State{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.URL, "/")+"/v1/fit", bytes.NewReader(body))
	if err != nil {
		return learn.State{}, err
	}
	req.Header.Set("Content-Type", job.MediaType)
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return learn.State{}, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return learn.State{}, err
	}
	if resp.StatusCode != http.StatusOK {
		return learn.State{}, fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(answer))
	}
	return job.DecodeState(answer)
}
