package awsbus

import (
	"crypto/sha256"
	"encoding/hex"
)

// maxName leaves room for the suffix within the 64 characters of a rule's name
// and the 80 of a queue's.
const maxName = 60

// QueueName is the queue of a subscription: <prefix>-<subscription>, and where
// that is longer than 60 characters its beginning and a hash. Of a step the
// subscription is <pipeline>_<step>, so two steps never share a queue.
func QueueName(prefix, subscription string) string {
	name := prefix + "-" + subscription
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:maxName-9] + "-" + hex.EncodeToString(sum[:4])
}

// RuleName is the rule that fills the queue of a subscription.
func RuleName(prefix, subscription string) string { return QueueName(prefix, subscription) }

// DeadLetterName is the queue of what could not be delivered, or not handled.
func DeadLetterName(prefix, subscription string) string {
	return QueueName(prefix, subscription) + "-dlq"
}
