package s3

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// boto3, as it comes, does all that it is asked to; RUNNEL_PYTHON names a Python
// that has it.
func TestBoto(t *testing.T) {
	python := cmp.Or(os.Getenv("RUNNEL_PYTHON"), "python3")
	if out, err := exec.Command(python, "-c", "import boto3").CombinedOutput(); err != nil {
		t.Skipf("SKIP 1: %s has no boto3 (set RUNNEL_PYTHON to one that has): %v\n%s", python, err, out)
	}
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
