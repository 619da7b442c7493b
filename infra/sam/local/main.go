// Command local runs the default pipeline on this machine as AWS would: the
// resources of template.yaml in moto's S3, SQS and EventBridge, each function's
// bootstrap under Lambda's Runtime Interface Emulator, and between them what an
// event source mapping does. A table is uploaded by boto3, and what comes of it
// is compared byte for byte with what a node makes of the same table.
//
//	scripts/sam-local [FILE COLUMN]
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/runnel-dev/runnel/internal/rie"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := options{python: cmp.Or(os.Getenv("RUNNEL_TEST_PYTHON"), filepath.Join(root(), ".venv", "bin", "python")), out: os.Stdout}
	o.file, o.target = filepath.Join(root(), "examples", "penguins", "penguins.csv"), "species"
	switch len(os.Args) {
	case 1:
	case 3:
		o.file, o.target = os.Args[1], os.Args[2]
	default:
		fmt.Fprintln(os.Stderr, "usage: scripts/sam-local [FILE COLUMN]")
		os.Exit(2)
	}
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// root is the top of the repository.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// options say what to run.
type options struct {
	python       string // with moto, boto3 and aws-sam-cli
	file, target string
	out          io.Writer
	trial        *trial
}

// A trial is what a test does beside a run; nil: nothing.
type trial struct {
	visibility  string // of messages that were received, in seconds, in place of the template's
	provisioned func(context.Context, *cloud) error
	invoking    func(running) // as an invocation begins, which may fail
	failed      func(running, error)
	ended       func(ctx context.Context, c *cloud, there, here *outcome) error
}

func (o options) say(format string, args ...any) { fmt.Fprintf(o.out, format+"\n", args...) }

// patience bounds the whole run.
const patience = 10 * time.Minute

func run(ctx context.Context, o options) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "runnel-sam-local.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o.say("Building the functions as Lambdas ...")
	bootstraps, err := rie.Build(ctx)
	if err != nil {
		return err
	}
	emulator, err := rie.Find(ctx, o.python)
	if err != nil {
		return err
	}
	c, err := startCloud(ctx, o.python)
	if err != nil {
		return err
	}
	defer c.server.Kill()
	if o.trial != nil {
		c.visibility = o.trial.visibility
	}
	if err := c.provision(ctx, filepath.Join(root(), "template.yaml")); err != nil {
		return fmt.Errorf("making what template.yaml says: %w", err)
	}
	o.say("S3, SQS and EventBridge at %s: bucket %s, bus %s, %d queues, %d rules", c.url, c.bucket, c.bus, c.queues, c.rules)
	if o.trial != nil {
		if err := o.trial.provisioned(ctx, c); err != nil {
			return err
		}
	}
	lambdas, err := c.startLambdas(ctx, emulator, bootstraps, o.trial)
	if err != nil {
		return err
	}
	defer lambdas.stop()
	o.say("%d functions under the Runtime Interface Emulator", len(lambdas.list))
	key := "uploads/" + filepath.Base(o.file)
	o.say("\n$ aws s3 cp %s s3://%s/%s --metadata target=%s     # by boto3", filepath.Base(o.file), c.bucket, key, o.target)
	if err := c.upload(ctx, o.python, o.file, key, o.target); err != nil {
		return err
	}
	started := time.Now()
	there, err := c.follow(ctx, o, lambdas)
	if err != nil {
		return errors.Join(err, lambdas.logs())
	}
	o.say("the model stands after %.1f s\n", time.Since(started).Seconds())
	o.say("The same by a node on this machine ...")
	here, err := native(ctx, dir, o, c.bucket, key)
	if err != nil {
		return err
	}
	defer here.close()
	if err := compare(ctx, o, there, here); err != nil || o.trial == nil {
		return err
	}
	return o.trial.ended(ctx, c, there, here)
}

// upload puts the file into the bucket as anyone would.
func (c *cloud) upload(ctx context.Context, python, file, key, target string) error {
	const script = `
import sys, boto3
file, bucket, key, target = sys.argv[1:]
boto3.client("s3").upload_file(file, bucket, key, ExtraArgs={"Metadata": {"target": target}})
`
	cmd := exec.CommandContext(ctx, python, "-c", script, file, c.bucket, key, target)
	cmd.Env = append(os.Environ(), c.environ()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("uploading by boto3: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
