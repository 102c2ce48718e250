// Hello-go is a traced function: a subsegment of its own around a PutObject, and
// a ListTables beside it. AWSV2Instrumentor makes the X-Ray SDK record every AWS
// call.
package main

import (
	"context"
	"log"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-xray-sdk-go/v2/instrumentation/awsv2"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
)

type event struct {
	Name string `json:"name"`
}

type answer struct {
	Hello      string `json:"hello"`
	PutObject  string
	ListTables string
}

type function struct {
	objects *s3.Client
	tables  *dynamodb.Client
}

func (f *function) handle(ctx context.Context, ev event) (*answer, error) {
	a := &answer{Hello: ev.Name}
	err := xray.Capture(ctx, "greet", func(ctx context.Context) error {
		_, err := f.objects.PutObject(ctx, &s3.PutObjectInput{
			Bucket: aws.String("greetings"), Key: aws.String(ev.Name), Body: strings.NewReader("Hello, " + ev.Name + "!"),
		})
		a.PutObject = outcome(err)
		return xray.AddAnnotation(ctx, "name", ev.Name)
	})
	if err != nil {
		return nil, err
	}
	_, err = f.tables.ListTables(ctx, &dynamodb.ListTablesInput{})
	a.ListTables = outcome(err)
	return a, nil
}

// outcome is what an AWS call came to. Its subsegment shows the same.
func outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return "ok"
}

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRetryMaxAttempts(1))
	if err != nil {
		log.Fatal(err)
	}
	awsv2.AWSV2Instrumentor(&cfg.APIOptions)
	f := &function{objects: s3.NewFromConfig(cfg), tables: dynamodb.NewFromConfig(cfg)}
	lambda.Start(f.handle)
}
