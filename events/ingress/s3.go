// Package ingress reads what other systems say has happened, and makes events of it.
package ingress

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/events"
)

// ErrNotS3 is the cause where a message is no notification of S3.
var ErrNotS3 = errors.New("not a notification of S3")

// An S3Object is what S3 says of an object that was created.
//
// S3 notifies at least once, in no order. Sequencers of one key, made equally
// long by zeros in front, compare as the uploads were ordered.
type S3Object struct {
	Bucket    string
	Key       string // as it is, not escaped
	Size      int64  // bytes
	ETag      string // without quotes
	VersionID string // "" where the bucket keeps no versions
	Sequencer string // hexadecimal digits
	CreatedAt time.Time
}

// S3Objects reads the objects that a notification of S3 says were created: an
// "Object Created" event of EventBridge, or a notification that S3 itself sends
// to a queue or topic, which may be of several. There are none in the test
// message that S3 sends at first, and in notifications of anything else. The
// cause of an error is ErrNotS3 where it is no notification at all.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func S3Objects(message []byte) ([]S3Object, error) {
	var m struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Time       time.Time       `json:"time"`
		Detail     json.RawMessage `json:"detail"`
		Service    string          `json:"Service"`
		Event      string          `json:"Event"`
		Records    []s3Record      `json:"Records"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotS3, err)
	}
	switch {
	case m.Source == "aws.s3":
		if m.DetailType != "Object Created" {
			return nil, nil
		}
		return bridged(m.Detail, m.Time)
	case m.Event == "s3:TestEvent":
		return nil, nil
	case len(m.Records) > 0:
		return direct(m.Records)
	}
	return nil, ErrNotS3
}

// bridged reads the detail of EventBridge's event.
func bridged(detail []byte, at time.Time) ([]S3Object, error) {
	var d struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key       string `json:"key"`
			Size      int64  `json:"size"`
			ETag      string `json:"etag"`
			VersionID string `json:"version-id"`
			Sequencer string `json:"sequencer"`
		} `json:"object"`
	}
	if err := json.Unmarshal(detail, &d); err != nil {
		return nil, fmt.Errorf("the detail of an Object Created event of S3: %w", err)
	}
	o := S3Object{d.Bucket.Name, d.Object.Key, d.Object.Size, d.Object.ETag, d.Object.VersionID, d.Object.Sequencer, at}
	if err := o.check(); err != nil {
		return nil, err
	}
	return []S3Object{o}, nil
}

// An s3Record is one of a notification that S3 sends itself.
type s3Record struct {
	Source string    `json:"eventSource"`
	Name   string    `json:"eventName"`
	Time   time.Time `json:"eventTime"`
	S3     struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key       string `json:"key"` // escaped as in the query of a URL
			Size      int64  `json:"size"`
			ETag      string `json:"eTag"`
			VersionID string `json:"versionId"`
			Sequencer string `json:"sequencer"`
		} `json:"object"`
	} `json:"s3"`
}

func direct(records []s3Record) ([]S3Object, error) {
	var all []S3Object
	for i, r := range records {
		if r.Source != "aws:s3" {
			return nil, fmt.Errorf("record %d is from %q: %w", i+1, r.Source, ErrNotS3)
		}
		if !strings.HasPrefix(strings.TrimPrefix(r.Name, "s3:"), "ObjectCreated:") {
			continue
		}
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil {
			return nil, fmt.Errorf("record %d: the key %q: %w", i+1, r.S3.Object.Key, err)
		}
		o := S3Object{r.S3.Bucket.Name, key, r.S3.Object.Size, r.S3.Object.ETag, r.S3.Object.VersionID, r.S3.Object.Sequencer, r.Time}
		if err := o.check(); err != nil {
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
		all = append(all, o)
	}
	return all, nil
}

func (o *S3Object) check() error {
	o.ETag = strings.Trim(o.ETag, `"`)
	switch {
	case o.Bucket == "" || o.Key == "":
		return fmt.Errorf("a notification of S3 names the bucket %q and the key %q", o.Bucket, o.Key)
	case o.Size < 0:
		return fmt.Errorf("a notification of S3 says that %s/%s has %d bytes", o.Bucket, o.Key, o.Size)
	case o.Version() == "":
		return fmt.Errorf("a notification of S3 gives neither version nor ETag of %s/%s", o.Bucket, o.Key)
	}
	return nil
}

// Version tells the contents of one key apart: the version's id, or the ETag.
func (o S3Object) Version() string {
	if o.VersionID == "" || o.VersionID == "null" {
		return o.ETag
	}
	return o.VersionID
}

// Event makes the root event of the upload. Its id follows from bucket, key and
// version, so that a notification that comes again is the same event. Content is
// where its bytes are in the store; of the zero Ref the size is S3's. Metadata
// is the object's; what S3 said goes beside it, as s3-etag and s3-version-id.
func (o S3Object) Event(content events.Ref, metadata map[string]string) (events.Event, error) {
	m := map[string]string{}
	for k, v := range metadata {
		m[k] = v
	}
	for k, v := range map[string]string{"s3-etag": o.ETag, "s3-version-id": o.VersionID} {
		if v != "" {
			m[k] = v
		}
	}
	content.Size = cmp.Or(content.Size, o.Size)
	e, err := events.NewRoot("/buckets/"+o.Bucket, o.Key, o.CreatedAt, events.ObjectCreatedData{Object: events.Object{
		Bucket: o.Bucket, Key: o.Key, Version: 1, Content: content, Metadata: m, CreatedAt: o.CreatedAt.UTC(),
	}}, "s3", o.Bucket, o.Key, o.Version())
	if err != nil {
		return e, err
	}
	if o.Sequencer != "" {
		e.SetExtension(events.Sequence, o.Sequencer)
	}
	return e, e.Validate()
}
