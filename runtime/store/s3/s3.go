// Package s3 links the driver of S3 into a program, so that store.Open takes
// s3:// locations. It is a package of its own because it adds the AWS SDK, about
// 9 MB, to a program:
//
//	import _ "github.com/runnel-dev/runnel/runtime/store/s3"
//
// A location is s3://bucket, with any of these parameters:
//
//	prefix    what the keys of the store begin with, such as team/runnel/
//	region    the bucket's region; otherwise that of the environment
//	endpoint  the URL of another service that speaks S3, with paths as bucket names
//	profile, role, ssetype, kmskeyid, ... as in gocloud.dev/blob/s3blob
//
// Credentials come from the environment, as with AWS's own commands. The role
// needs s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload
// on the keys, and s3:ListBucket on the bucket: without the last S3 answers 403,
// not 404, for what is not there. A lifecycle rule should abort multipart uploads
// that nobody ends.
//
// Records are created with If-None-Match: *, which makes them exactly-once among
// all who share the bucket. Services that ignore the header are refused by
// store.Open. Keys have at most 1024 bytes: those of objects are stored with
// three bytes for each dot, hyphen, slash, space and zero.
//
// S3 continues a list only from where it was cut: a page of store.ListObjects far
// from the beginning reads those before it again.
package s3

import _ "gocloud.dev/blob/s3blob" // registers itself for s3://
