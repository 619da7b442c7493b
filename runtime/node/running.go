package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/runnel-dev/runnel/runtime/node/api"
)

// running is the file in a node's folder that says where the node listens. The
// token lets in whoever can read the file, which is the user alone.
type running struct {
	api.Info
	Token string `json:"token,omitempty"`
}

func runningPath(dir string) string { return filepath.Join(dir, "node.json") }

// Running tells where the node that runs in the folder listens; nil where none runs.
func Running(dir string) (info *api.Info, token string, err error) {
	b, err := os.ReadFile(runningPath(dir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("finding the node that runs in %s: %w", dir, err)
	}
	l, err := lock(filepath.Join(dir, "node.lock"))
	if err == nil { // nobody holds the folder: the file is left over from a crash
		return nil, "", l.Close()
	}
	var busy *Busy
	if !errors.As(err, &busy) {
		return nil, "", err
	}
	var r running
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, "", fmt.Errorf("%s: %w", runningPath(dir), err)
	}
	if r.HTTP == "" {
		return nil, "", busy
	}
	return &r.Info, r.Token, nil
}

// Publish writes down where this node listens, for Running to find.
func (n *Node) Publish(info api.Info, token string) error {
	b, err := json.MarshalIndent(running{info, token}, "", "  ")
	if err != nil {
		return err
	}
	path := runningPath(n.Dir)
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	n.published = true
	return nil
}

func (n *Node) unpublish() error {
	if !n.published {
		return nil
	}
	err := os.Remove(runningPath(n.Dir))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
