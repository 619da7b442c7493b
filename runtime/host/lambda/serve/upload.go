package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/runnel-dev/runnel/events"
	awsbus "github.com/runnel-dev/runnel/events/bus/aws"
	"github.com/runnel-dev/runnel/runtime/store"
)

// An s3Event is what S3 says by EventBridge:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
type s3Event struct {
	Source     string `json:"source"`
	DetailType string `json:"detail-type"`
	Detail     struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key       string `json:"key"`
			ETag      string `json:"etag"`
			VersionID string `json:"version-id"`
			Sequencer string `json:"sequencer"`
		} `json:"object"`
	} `json:"detail"`
}

// incoming reads the event that a message or an invocation brings; nil where
// nothing is left to answer. What S3 says is no event of ours: the object is put
// into the store, and its event published for every step that answers it.
func (s *Server) incoming(ctx context.Context, w *world, body string) (*events.Event, error) {
	ev, err := awsbus.Decode(body)
	if err == nil {
		return &ev, nil
	}
	var said s3Event
	if json.Unmarshal([]byte(body), &said) != nil || said.Source != "aws.s3" || said.DetailType != "Object Created" {
		return nil, err
	}
	return nil, s.upload(ctx, w, said)
}

// upload takes an object over from S3: its bytes become an artifact, and it a
// version of an object of the store. However often S3 says so, it is one upload.
func (s *Server) upload(ctx context.Context, w *world, said s3Event) error {
	from := said.Detail.Object
	seen := store.Key("uploads", said.Detail.Bucket.Name, from.Key, cmp.Or(from.VersionID, from.ETag+"-"+from.Sequencer))
	var o events.Object
	err := w.store.Get(ctx, seen, &o)
	if errors.Is(err, store.ErrNotFound) {
		o, err = s.take(ctx, w, said)
		if err == nil && o.Key == "" {
			s.log.Warn("an upload was replaced or removed before it was taken", "bucket", said.Detail.Bucket.Name, "key", from.Key)
			return nil
		}
		if err == nil {
			err = w.store.Create(ctx, seen, o)
		}
		if errors.Is(err, store.ErrExists) { // another took it meanwhile
			err = w.store.Get(ctx, seen, &o)
		}
	}
	if err == nil {
		err = w.store.Announce(ctx, o, w.engine.Accept)
	}
	if err != nil {
		return fmt.Errorf("taking the upload %s/%s: %w", said.Detail.Bucket.Name, from.Key, err)
	}
	return nil
}

// take copies the object into the store; no key says that it is there no more.
func (s *Server) take(ctx context.Context, w *world, said s3Event) (events.Object, error) {
	bucket, from := said.Detail.Bucket.Name, said.Detail.Object
	client := s3.NewFromConfig(w.aws, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
	in := &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(from.Key)}
	if from.VersionID != "" {
		in.VersionId = aws.String(from.VersionID)
	} else if from.ETag != "" {
		in.IfMatch = aws.String(`"` + strings.Trim(from.ETag, `"`) + `"`)
	}
	got, err := client.GetObject(ctx, in)
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchKey", "NoSuchVersion", "PreconditionFailed":
			return events.Object{}, nil
		}
	}
	if err != nil {
		return events.Object{}, err
	}
	defer got.Body.Close()
	if err := w.store.CreateBucket(ctx, bucket); err != nil && !errors.Is(err, store.ErrExists) {
		return events.Object{}, err
	}
	delete(got.Metadata, events.MetadataPipeline) // uploads from outside cannot say that
	return w.store.PutObject(ctx, store.ObjectInput{Bucket: bucket, Key: from.Key, MediaType: aws.ToString(got.ContentType), Metadata: got.Metadata}, got.Body)
}
