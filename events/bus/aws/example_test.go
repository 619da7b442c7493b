package awsbus_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	awsbus "github.com/runnel-dev/runnel/events/bus/aws"
)

func ExampleOpen() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	b, err := awsbus.Open(ctx, cfg, &awsbus.Options{EventBus: "runnel"})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	// The queue runnel-default_clean and its rule were deployed by a template.
	sub := bus.Subscription{Name: "default_clean", MaxInFlight: 4}
	err = b.Subscribe(ctx, sub, func(ctx context.Context, d bus.Delivery) {
		fmt.Println(d.Event().ID())
		if err := d.Ack(ctx); err != nil {
			log.Print(err)
		}
	})
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleQueueName() {
	fmt.Println(awsbus.QueueName("runnel", "default_clean"))
	fmt.Println(awsbus.DeadLetterName("runnel", "default_clean"))
	// Output:
	// runnel-default_clean
	// runnel-default_clean-dlq
}

func ExamplePattern() {
	pattern, err := awsbus.Pattern([]bus.Filter{
		{Type: events.DatasetIngested},
		{Type: events.DatasetIngested, Pipeline: "default"},
	})
	fmt.Println(pattern, err)
	// Output:
	// {"detail-type":["dev.runnel.dataset.ingested.v1"],"detail":{"pipeline":[{"exists":false},"default"]}} <nil>
}

func ExampleDecode() {
	// The body of an SQS message that a rule of EventBridge sent.
	e, err := awsbus.Decode(`{"version":"0","source":"/pipelines/default/steps/ingest","detail-type":"dev.runnel.dataset.ingested.v1",
		"detail":{"specversion":"1.0","id":"7","source":"/pipelines/default/steps/ingest","type":"dev.runnel.dataset.ingested.v1"}}`)
	fmt.Println(e.Type(), e.ID(), err)
	// Output:
	// dev.runnel.dataset.ingested.v1 7 <nil>
}
