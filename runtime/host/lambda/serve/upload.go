package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/runnel-dev/runnel/events"
	awsbus "github.com/runnel-dev/runnel/events/bus/aws"
	"github.com/runnel-dev/runnel/events/ingress"
	"github.com/runnel-dev/runnel/runtime/store"
)

// incoming reads the event that a message or an invocation brings; nil where
// nothing is left to answer. What S3 says is no event of ours: its objects are put
// into the store, and their events published for every step that answers them.
func (s *Server) incoming(ctx context.Context, w *world, body string) (*events.Event, error) {
	ev, err := awsbus.Decode(body)
	if err == nil {
		return &ev, nil
	}
	objects, no := ingress.S3Objects([]byte(body))
	if errors.Is(no, ingress.ErrNotS3) {
		return nil, err
	}
	for _, o := range objects {
		no = errors.Join(no, s.upload(ctx, w, o))
	}
	return nil, no
}

// upload takes an object over from S3: its bytes become an artifact, and it a
// version of an object of the store. However often S3 says so, it is one upload.
func (s *Server) upload(ctx context.Context, w *world, from ingress.S3Object) error {
	seen := store.Key("uploads", from.Bucket, from.Key, cmp.Or(from.VersionID, from.ETag+"-"+from.Sequencer))
	var o events.Object
	err := w.store.Get(ctx, seen, &o)
	if errors.Is(err, store.ErrNotFound) {
		o, err = s.take(ctx, w, from)
		if err == nil && o.Key == "" {
			s.log.Warn("an upload was replaced or removed before it was taken", "bucket", from.Bucket, "key", from.Key)
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
		return fmt.Errorf("taking the upload %s/%s: %w", from.Bucket, from.Key, err)
	}
	return nil
}

// take copies the object into the store; no key says that it is there no more.
func (s *Server) take(ctx context.Context, w *world, from ingress.S3Object) (events.Object, error) {
	client := s3.NewFromConfig(w.aws, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
	in := &s3.GetObjectInput{Bucket: aws.String(from.Bucket), Key: aws.String(from.Key)}
	if from.VersionID != "" {
		in.VersionId = aws.String(from.VersionID)
	} else if from.ETag != "" {
		in.IfMatch = aws.String(`"` + from.ETag + `"`)
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
	if err := w.store.CreateBucket(ctx, from.Bucket); err != nil && !errors.Is(err, store.ErrExists) {
		return events.Object{}, err
	}
	delete(got.Metadata, events.MetadataPipeline) // uploads from outside cannot say that
	return w.store.PutObject(ctx, store.ObjectInput{Bucket: from.Bucket, Key: from.Key, MediaType: aws.ToString(got.ContentType), Metadata: got.Metadata}, got.Body)
}
