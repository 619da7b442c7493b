package lambda

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"github.com/runnel-dev/runnel/runtime/step"
)

// DefaultName is how the shipped template names its Lambdas.
const DefaultName = "runnel-default_{function}"

// AWS invokes Lambdas in an account of AWS.
type AWS struct {
	client *lambda.Client
	name   string
}

// NewAWS makes an invoker. The name, name:alias or ARN of a Lambda is that of
// the template, where {function} stands for the function; "" is DefaultName.
func NewAWS(cfg aws.Config, name string) (*AWS, error) {
	if name == "" {
		name = DefaultName
	}
	if !strings.Contains(name, "{function}") {
		return nil, fmt.Errorf("the name of Lambdas %q does not say where the function stands: want one such as %s", name, DefaultName)
	}
	return &AWS{name: name, client: lambda.NewFromConfig(cfg, func(o *lambda.Options) {
		o.RetryMaxAttempts = 1 // the engine decides on that, with its own waits
	})}, nil
}

// Invoke implements Invoker. The role needs lambda:InvokeFunction.
func (a *AWS) Invoke(ctx context.Context, function string, payload []byte) (Reply, error) {
	name := strings.ReplaceAll(a.name, "{function}", function)
	out, err := a.client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(name), Payload: payload})
	if err != nil {
		return Reply{}, classed(name, err)
	}
	return Reply{Payload: out.Payload, Failed: out.FunctionError != nil}, nil
}

// permanent are the errors that trying again does not mend, and what does:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
var permanent = map[string]string{
	"ResourceNotFoundException":       "there is no such Lambda in this account and region: deploy the template, or correct its name",
	"AccessDeniedException":           "allow lambda:InvokeFunction on it to the role that this runs as",
	"UnrecognizedClientException":     "the credentials are not accepted: renew them",
	"ExpiredTokenException":           "the credentials have expired: renew them",
	"InvalidSignatureException":       "the credentials are not accepted: renew them",
	"RequestTooLargeException":        "the request is larger than Lambda takes",
	"RequestEntityTooLargeException":  "the request is larger than Lambda takes",
	"InvalidRequestContentException":  "Lambda does not take the request",
	"InvalidParameterValueException":  "Lambda does not take the request",
	"InvalidRuntimeException":         "its runtime should be provided.al2023",
	"InvalidZipFileException":         "its package cannot be read: build it by scripts/build lambda",
	"UnsupportedMediaTypeException":   "Lambda does not take the request",
	"KMSAccessDeniedException":        "its environment is encrypted with a key that it may not use",
	"KMSDisabledException":            "its environment is encrypted with a key that is disabled",
	"KMSNotFoundException":            "its environment is encrypted with a key that is gone",
	"SnapStartException":              "turn SnapStart off: provided.al2023 does not have it",
	"InvalidSubnetIDException":        "its network is not set up",
	"InvalidSecurityGroupIDException": "its network is not set up",
}

// classed gives an error of the way to a Lambda its class: throttling and what
// is AWS's fault may pass.
func classed(name string, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		if hint := permanent[api.ErrorCode()]; hint != "" {
			return step.Permanent(fmt.Errorf("Lambda %s: %w: %s", name, err, hint))
		}
	}
	return step.Retryable(fmt.Errorf("Lambda %s: %w", name, err))
}
