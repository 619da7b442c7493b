package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"gocloud.dev/blob"

	"github.com/runnel-dev/runnel/runtime/step"
)

// What the store knows of S3. The driver is linked by package runtime/store/s3;
// its errors are told by their methods, so that nothing of the AWS SDK is here.

// openS3 opens the bucket of an s3:// location.
func (s *Store) openS3(ctx context.Context, location string) (*blob.Bucket, error) {
	location, name, err := s3Location(location)
	if err != nil {
		return nil, err
	}
	if !blob.DefaultURLMux().ValidBucketScheme("s3") {
		return nil, errors.New("S3 is not linked into this program: import github.com/runnel-dev/runnel/runtime/store/s3")
	}
	s.name = name
	return blob.OpenBucket(ctx, location)
}

// s3Location fills in what follows from the rest of an s3:// location: at an
// endpoint of one's own a bucket is the first part of the path, and any region
// does; a prefix is a directory. Checksums of answers are not asked for: ranges
// and uploads in parts have none, which the SDK would log each time, and
// artifacts have a digest.
func s3Location(location string) (full, bucket string, err error) {
	u, err := url.Parse(location)
	if err != nil {
		return "", "", err
	}
	if u.Host == "" {
		return "", "", fmt.Errorf("it names no bucket: write s3://bucket")
	}
	if u.Path != "" && u.Path != "/" {
		return "", "", fmt.Errorf("an S3 location names a bucket only: write s3://%s?prefix=%s", u.Host, strings.TrimPrefix(u.Path, "/"))
	}
	q := u.Query()
	if q.Get("endpoint") != "" {
		if !q.Has("use_path_style") {
			q.Set("use_path_style", "true")
		}
		if !q.Has("region") && os.Getenv("AWS_REGION") == "" && os.Getenv("AWS_DEFAULT_REGION") == "" {
			q.Set("region", "us-east-1")
		}
	}
	if !q.Has("response_checksum_validation") {
		q.Set("response_checksum_validation", "when_required")
	}
	if p := q.Get("prefix"); p != "" && !strings.HasSuffix(p, "/") {
		q.Set("prefix", p+"/")
	}
	u.Path, u.RawQuery = "", q.Encode()
	return u.String(), u.Host, nil
}

// apiError is what the errors of AWS's services have.
type apiError interface {
	error
	ErrorCode() string
}

// apiOperation is the request that failed.
type apiOperation interface {
	error
	Operation() string
}

func apiCode(err error) string {
	var api apiError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// actions are the IAM actions that requests need.
var actions = map[string]string{
	"GetObject":               "s3:GetObject on its keys, and s3:ListBucket on the bucket (without which S3 answers so where there is nothing)",
	"HeadObject":              "s3:GetObject on its keys, and s3:ListBucket on the bucket (without which S3 answers so where there is nothing)",
	"ListObjectsV2":           "s3:ListBucket on the bucket",
	"DeleteObject":            "s3:DeleteObject on its keys",
	"PutObject":               "s3:PutObject on its keys",
	"UploadPart":              "s3:PutObject on its keys",
	"CreateMultipartUpload":   "s3:PutObject on its keys",
	"CompleteMultipartUpload": "s3:PutObject on its keys",
}

// s3Failure gives an error of S3 that retrying does not mend its class and what
// puts it right; nil for every other error.
func (s *Store) s3Failure(what string, err error) error {
	code := apiCode(err)
	if code == "" {
		return nil
	}
	fail := func(hint string) error {
		return step.Permanent(fmt.Errorf("%s: %w: %s", what, err, hint))
	}
	switch code {
	case "NoSuchBucket":
		return fail("there is no bucket " + s.name + ": make it, or correct the store's location")
	case "AccessDenied", "Forbidden", "AllAccessDisabled", "AccountProblem":
		action := actions[operation(err)]
		if action == "" {
			action = "s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket"
		}
		return fail("access to the bucket " + s.name + " is denied: allow " + action + " to the role or user")
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken":
		return fail("the credentials for the bucket " + s.name + " are not accepted: renew them")
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "MovedPermanently":
		return fail("the bucket " + s.name + " is in another region: give it as region=... in the store's location")
	case "NotImplemented", "InvalidArgument", "InvalidRequest", "EntityTooLarge", "KeyTooLongError", "MethodNotAllowed", "InvalidObjectState":
		return fail("the bucket " + s.name + " does not take this")
	}
	return nil
}

// underWay reports whether a conditional write was refused because another of
// the key is under way: which of the two wins is not decided.
func underWay(err error) bool {
	code := apiCode(err)
	return code == "ConditionalRequestConflict" || code == "OperationAborted"
}

func operation(err error) string {
	var op apiOperation
	if errors.As(err, &op) {
		return op.Operation()
	}
	return ""
}
