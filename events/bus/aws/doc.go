// Package awsbus is the bus on AWS: events are published to an EventBridge bus,
// and each subscription is an SQS queue that a rule fills.
//
// # Names
//
// A subscription has a queue, a rule on the bus with the queue as its target, and
// a queue of dead letters; see QueueName, RuleName and DeadLetterName. A SAM
// template makes them; with Options.Provision the bus makes them itself, which is
// meant for tests and laptops: a new rule of EventBridge takes a while to act.
//
// # What is durable when
//
// Publish returns nil after EventBridge has accepted every event. It delivers an
// event to a queue later, and tries for 24 hours; what it gives up on goes to the
// dead letters. It remembers no ids: what is published twice is delivered twice.
//
// Ack returns when SQS has deleted the message. SQS may all the same deliver it
// again, and does so where the acknowledgement came after AckWait.
//
// # Limits
//
// EventBridge takes 10 events and 1 MB a request, types of up to 128 characters,
// and no source that begins with "aws."; such an event goes under another source,
// its own stands in the CloudEvent. SQS counts time in whole seconds: AckWait and
// delays are rounded up. A message can be held for 12 hours, Extend or not. It is
// moved to the dead letters by SQS when it was received 1000 times, so a retry of
// an event that came often waits longer than asked for.
package awsbus
