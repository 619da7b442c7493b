// Package awstest starts services that speak AWS's protocols over HTTP on this
// machine, for tests: moto's server (S3, SQS, EventBridge and many more, all in
// memory) and versitygw (S3 over a directory). Each runs as a process of its own
// that ends with the test, also where the test's process is killed.
package awstest

import (
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel-dev/runnel/internal/moto"
)

// What every server takes. The credentials open nothing else.
const (
	Region = moto.Region
	Key    = moto.Key
	Secret = moto.Secret
)

// patience bounds how long a server may take to start.
const patience = 2 * time.Minute

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
