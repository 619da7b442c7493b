package awstest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel-dev/runnel/internal/awstest"
)

// Each server keeps an object, and has ended with its test.
func TestServers(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *awstest.Server{"moto": awstest.Moto, "versity": awstest.Versity} {
		t.Run(name, func(t *testing.T) {
			var s *awstest.Server
			t.Run("serves", func(t *testing.T) {
				s = start(t)
				s.Bucket(t, "lab")
				in := &s3.PutObjectInput{Bucket: aws.String("lab"), Key: aws.String("a/b"), Body: strings.NewReader("bytes"), IfNoneMatch: aws.String("*")}
				if _, err := s.S3().PutObject(t.Context(), in); err != nil {
					t.Fatal(err)
				}
				if _, err := s.S3().PutObject(t.Context(), in); err == nil {
					t.Error("it was put over another")
				}
				out, err := s.S3().GetObject(t.Context(), &s3.GetObjectInput{Bucket: in.Bucket, Key: in.Key})
				if err != nil {
					t.Fatal(err)
				}
				defer out.Body.Close()
				if b, err := io.ReadAll(out.Body); err != nil || string(b) != "bytes" {
					t.Errorf("%q, %v", b, err)
				}
			})
			if s == nil {
				t.SkipNow()
			}
			for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
				resp, err := http.Get(s.URL)
				if err != nil {
					return
				}
				resp.Body.Close()
				if time.Now().After(deadline) {
					t.Fatal("it still runs")
				}
			}
		})
	}
}
