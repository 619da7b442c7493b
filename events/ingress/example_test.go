package ingress_test

import (
	"fmt"

	"github.com/runnel-dev/runnel/events/ingress"
)

func ExampleS3Objects() {
	objects, err := ingress.S3Objects([]byte(`{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put",
		"s3":{"bucket":{"name":"lab"},"object":{"key":"my+data.csv","size":5,"eTag":"b1946ac9"}}}]}`))
	for _, o := range objects {
		fmt.Printf("%s/%s version %s, %d bytes\n", o.Bucket, o.Key, o.Version(), o.Size)
	}
	fmt.Println(err)
	// Output:
	// lab/my data.csv version b1946ac9, 5 bytes
	// <nil>
}
