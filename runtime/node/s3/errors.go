package s3

import (
	"errors"

	"github.com/rclone/gofakes3"

	"github.com/runnel-dev/runnel/runtime/store"
)

// answer is the error in S3's words. What is wrong with a request was found before
// (see input), so that an error of another kind is the node's, and clients try again.
func answer(err error, bucket, key string) error {
	if err == nil {
		return nil
	}
	var theirs gofakes3.Error // from the reading of a body
	switch {
	case errors.As(err, &theirs):
		return theirs
	case errors.Is(err, store.ErrNoBucket):
		return gofakes3.BucketNotFound(bucket)
	case errors.Is(err, store.ErrBucketName):
		return gofakes3.ErrorMessage(gofakes3.ErrInvalidBucketName, err.Error())
	case errors.Is(err, store.ErrNotFound):
		return gofakes3.KeyNotFound(key)
	case errors.Is(err, store.ErrPrecondition):
		return gofakes3.ErrorMessage(gofakes3.ErrPreconditionFailed, err.Error())
	case errors.Is(err, store.ErrTooLarge) && len(key) > store.MaxObjectKey:
		return gofakes3.ErrorMessage(gofakes3.ErrKeyTooLong, err.Error())
	case errors.Is(err, store.ErrTooLarge):
		return gofakes3.ErrorMessage(gofakes3.ErrEntityTooLarge, err.Error())
	}
	return internal(err)
}

func internal(err error) error { return gofakes3.ErrorMessage(gofakes3.ErrInternal, err.Error()) }

func invalid(message string) error {
	return gofakes3.ErrorMessage(gofakes3.ErrInvalidArgument, message)
}
