package awsbus

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/runnel-dev/runnel/runtime/step"
)

// failure says what failed, and gives the error its class: what AWS refuses is
// permanent, and the text says what to put right; the rest may pass.
func failure(doing, action, resource string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", doing, err)
	var api smithy.APIError
	if !errors.As(err, &api) {
		return step.Retryable(err)
	}
	code := api.ErrorCode()
	switch {
	case api.ErrorFault() == smithy.FaultServer, transient(code):
		return step.Retryable(err)
	case slices.Contains([]string{"AccessDenied", "AccessDeniedException", "NotAuthorizedForSourceException"}, code):
		return step.Permanent(fmt.Errorf("%w: allow %s on %s to the role that this runs as", err, action, resource))
	case slices.Contains([]string{"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException"}, code):
		return step.Permanent(fmt.Errorf("%w: AWS does not accept the credentials: renew them", err))
	}
	return step.Permanent(err)
}

// transient reports whether what has the code may succeed later.
func transient(code string) bool {
	_, throttled := retry.DefaultThrottleErrorCodes[code]
	_, passes := retry.DefaultRetryableErrorCodes[code]
	return throttled || passes || code == "InternalFailure" || code == "InternalException" || code == "ServiceUnavailable" || code == "ConcurrentModificationException"
}

// gone reports whether there is no such queue.
func gone(err error) bool {
	var none *sqstypes.QueueDoesNotExist
	return errors.As(err, &none)
}
