package ingress_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/ingress"
)

const bridged = `{
 "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": "Object Created", "source": "aws.s3",
 "account": "111122223333", "time": "2021-11-12T00:00:00Z", "region": "ca-central-1", "resources": ["arn:aws:s3:::lab"],
 "detail": {"version": "0", "bucket": {"name": "lab"},
  "object": {"key": "a b+ü.csv", "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184", "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "sequencer": "617f08299329d189"},
  "request-id": "N4N7GDK58NMKJ12R", "requester": "123456789012", "source-ip-address": "1.2.3.4", "reason": "PutObject"}}`

const direct = `{"Records": [
 {"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-west-2", "eventTime": "1970-01-01T00:00:01.5Z", "eventName": "ObjectCreated:Put",
  "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": "lab", "arn": "arn:aws:s3:::lab"},
   "object": {"key": "a+b%2B%C3%BC.csv", "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": "0055AED6DCD90281E5"}}},
 {"eventSource": "aws:s3", "eventName": "ObjectRemoved:Delete", "s3": {"bucket": {"name": "lab"}, "object": {"key": "x"}}},
 {"eventSource": "aws:s3", "eventName": "s3:ObjectCreated:CompleteMultipartUpload", "eventTime": "1970-01-01T00:00:02Z",
  "s3": {"bucket": {"name": "lab"}, "object": {"key": "big", "size": 1, "eTag": "\"e-2\"", "versionId": "null"}}}]}`

func TestS3Objects(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"EventBridge": {bridged, "[{lab a b+ü.csv 5 b1946ac92492d2347c6235b4d2611184 IYV3p45BT0ac8hjHg1houSdS1a.Mro8e 617f08299329d189 2021-11-12 00:00:00 +0000 UTC}]"},
		"S3": {direct, "[{lab a b+ü.csv 1024 d41d8cd98f00b204e9800998ecf8427e  0055AED6DCD90281E5 1970-01-01 00:00:01.5 +0000 UTC}" +
			" {lab big 1 e-2 null  1970-01-01 00:00:02 +0000 UTC}]"},
		"test message":    {`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014-10-13T15:57:02.089Z","Bucket":"lab"}`, "[]"},
		"deleted":         {strings.Replace(bridged, "Object Created", "Object Deleted", 1), "[]"},
		"no key":          {strings.Replace(bridged, "a b+ü.csv", "", 1), `error: names the bucket "lab" and the key ""`},
		"no bucket":       {strings.ReplaceAll(direct, `"name": "lab"`, `"name": ""`), `error: record 1: a notification of S3 names the bucket ""`},
		"negative size":   {strings.Replace(bridged, `"size": 5`, `"size": -5`, 1), "error: -5 bytes"},
		"neither":         {strings.Replace(direct, "d41d8cd98f00b204e9800998ecf8427e", "", 1), "error: neither version nor ETag"},
		"a bad escape":    {strings.Replace(direct, "%2B", "%2", 1), "error: record 1: the key"},
		"another service": {`{"Records":[{"eventSource":"aws:sqs","body":"{}"}]}`, "not S3"},
		"a CloudEvent":    {`{"specversion":"1.0","id":"1","source":"/x","type":"t"}`, "not S3"},
		"no JSON":         {`Object Created`, "not S3"},
		"nothing":         {``, "not S3"},
	} {
		got, err := ingress.S3Objects([]byte(c.in))
		text, isErr := strings.CutPrefix(c.want, "error: ")
		switch {
		case c.want == "not S3":
			if !errors.Is(err, ingress.ErrNotS3) {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		case isErr:
			if err == nil || !strings.Contains(err.Error(), text) || errors.Is(err, ingress.ErrNotS3) {
				t.Errorf("%s: %v", name, err)
			}
		case err != nil || fmt.Sprint(got) != c.want:
			t.Errorf("%s: %v, %v\nwant %s", name, got, err, c.want)
		}
	}
}

func TestS3Event(t *testing.T) {
	objects, err := ingress.S3Objects([]byte(bridged))
	if err != nil {
		t.Fatal(err)
	}
	o := objects[0]
	content := events.Ref{Digest: "sha256:" + strings.Repeat("0", 64), MediaType: "text/csv", Size: 5}
	first, err := o.Event(content, map[string]string{"target": "species"})
	if err != nil {
		t.Fatal(err)
	}
	if first.Source() != "/buckets/lab" || first.Subject() != o.Key || events.RunOf(first) != first.ID() || events.Extension(first, events.Sequence) != o.Sequencer {
		t.Errorf("%v", first)
	}
	data, err := events.Data[events.ObjectCreatedData](first)
	if err != nil || data.Content != content || data.Metadata["target"] != "species" || data.Metadata["s3-etag"] != o.ETag {
		t.Errorf("%+v, %v", data, err)
	}
	again := o
	again.Sequencer, again.CreatedAt = "61", again.CreatedAt.Add(time.Second)
	if e, err := again.Event(content, nil); err != nil || e.ID() != first.ID() {
		t.Errorf("notified again it is %s, not %s: %v", e.ID(), first.ID(), err)
	}
	for name, change := range map[string]func(*ingress.S3Object){
		"bucket":  func(o *ingress.S3Object) { o.Bucket = "other" },
		"key":     func(o *ingress.S3Object) { o.Key = "other" },
		"version": func(o *ingress.S3Object) { o.VersionID = "other" },
		"etag":    func(o *ingress.S3Object) { o.VersionID, o.ETag = "null", "other" },
	} {
		other := o
		change(&other)
		if e, err := other.Event(content, nil); err != nil || e.ID() == first.ID() {
			t.Errorf("another %s has the same id, %v", name, err)
		}
	}
	empty, err := o.Event(events.Ref{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := events.Data[events.ObjectCreatedData](empty); err != nil || data.Content.Size != 5 || data.Content.Digest != "" {
		t.Errorf("%+v, %v", data, err)
	}
}

func FuzzS3Objects(f *testing.F) {
	f.Add([]byte(bridged))
	f.Add([]byte(direct))
	f.Add([]byte(`{"Event":"s3:TestEvent"}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		objects, err := ingress.S3Objects(message)
		if err != nil {
			if objects != nil {
				t.Fatalf("objects beside the error %v", err)
			}
			return
		}
		for _, o := range objects {
			if o.Bucket == "" || o.Key == "" || o.Size < 0 || o.Version() == "" {
				t.Fatalf("%+v", o)
			}
			e, err := o.Event(events.Ref{}, nil)
			if err != nil { // what no event can carry
				continue
			}
			if data, err := events.Data[events.ObjectCreatedData](e); err != nil || data.Content.Size != o.Size {
				t.Fatalf("%+v, %v", data, err)
			}
		}
	})
}
