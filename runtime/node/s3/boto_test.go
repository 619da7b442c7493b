package s3

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/internal/testneed"
)

// boto3, as it comes, does all that it is asked to.
func TestBoto(t *testing.T) {
	python := testneed.Python(t, "boto3")
	s := openSite(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, python, filepath.Join("testdata", "boto.py"), s.base)
	c.Env = append(os.Environ(), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(s.node.Dir, "credentials"),
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true", "AWS_DEFAULT_REGION=", "AWS_REGION=", "AWS_PROFILE=", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
	c.Env = slices.DeleteFunc(c.Env, func(e string) bool { return len(e) > 4 && e[:4] == "AWS_" && e[len(e)-1] == '=' })
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, s.log)
	}
	large := 0
	for _, o := range s.events() {
		if o.Key == "large.csv" && o.Metadata["task"] == "regression" && o.Metadata["target"] == "y" {
			large++
		}
	}
	if large != 1 {
		t.Errorf("%d events of the multipart upload", large)
	}
}
