// Package awstest starts services that speak AWS's protocols over HTTP on this
// machine, for tests: moto's server (S3, SQS, EventBridge and many more, all in
// memory) and versitygw (S3 over a directory). Each runs as a process of its own
// that ends with the test, also where the test's process is killed.
package awstest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// What every server takes. The credentials open nothing else.
const (
	Region = "us-east-1"
	Key    = "runnel-test"
	Secret = "runnel-test-secret"
)

// patience bounds how long a server may take to start.
const patience = 60 * time.Second

// A Server is a running process that answers at URL.
type Server struct {
	URL string // http://127.0.0.1:port
}

// Config is what clients of the AWS SDK are made of.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(s.URL),
		Credentials:  credentials.NewStaticCredentialsProvider(Key, Secret, ""),
	}
}

// Environ gives the test's process the credentials as environment variables,
// for what opens S3 by URL.
func (s *Server) Environ(t testing.TB) {
	t.Helper()
	for name, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": Key, "AWS_SECRET_ACCESS_KEY": Secret, "AWS_SESSION_TOKEN": "", "AWS_REGION": Region,
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, v)
	}
}

// S3 is a client of the server's S3.
func (s *Server) S3() *s3.Client {
	return s3.NewFromConfig(s.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

// Bucket makes a bucket.
func (s *Server) Bucket(t testing.TB, name string) {
	t.Helper()
	if _, err := s.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		t.Fatalf("making the bucket %s: %v", name, err)
	}
}

// Location is the URL of a store in a bucket of the server, below a prefix.
func (s *Server) Location(bucket, prefix string) string {
	q := url.Values{"endpoint": {s.URL}, "region": {Region}}
	if prefix != "" {
		q.Set("prefix", prefix)
	}
	return "s3://" + bucket + "?" + q.Encode()
}

// start runs a server until the test ends. It is one that ends when its standard
// input does, and answers GET url+health with a status below 500 once it serves.
func start(t testing.TB, cmd *exec.Cmd, urlOf func(*bufio.Reader) (string, error), health string) *Server {
	t.Helper()
	name := cmd.Args[0]
	log := &tail{}
	cmd.Stderr = log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	t.Cleanup(func() {
		stdin.Close()
		ended := time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
		defer ended.Stop()
		_ = cmd.Wait() // how it ended says nothing about the test
	})
	type answer struct {
		url string
		err error
	}
	told := make(chan answer, 1)
	go func() {
		out := bufio.NewReader(stdout)
		u, err := urlOf(out)
		told <- answer{u, err}
		_, _ = io.Copy(log, out)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case a := <-told:
		if a.err == nil {
			a.err = healthy(ctx, a.url+health)
		}
		if a.err != nil {
			t.Fatalf("%s did not start: %v\n%s", name, a.err, log)
		}
		return &Server{URL: a.url}
	case <-ctx.Done():
		t.Fatalf("%s did not start within %v\n%s", name, patience, log)
	}
	return nil
}

// healthy waits until a GET is answered.
func healthy(ctx context.Context, u string) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode < 500 {
				return nil
			}
			err = fmt.Errorf("GET %s: %s", u, resp.Status)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// A tail keeps the end of what a process says.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buf.Len() > 64<<10 {
		l.buf.Next(32 << 10)
	}
	return l.buf.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(l.buf.String())
}
