// One trace by the OpenTelemetry SDK for Go. Arguments: the protocol, the first
// span's start in nanoseconds. It prints the ids.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, protocol, start string) error {
	base, err := strconv.ParseInt(start, 10, 64)
	if err != nil {
		return err
	}
	at := func(offset int64) trace.SpanEventOption {
		return trace.WithTimestamp(time.Unix(0, base+offset))
	}
	client := otlptracehttp.NewClient()
	if protocol == "grpc" {
		client = otlptracegrpc.NewClient()
	}
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return err
	}
	res, err := resource.Merge(resource.Default(), resource.NewSchemaless(
		attribute.String("service.name", "shop"), attribute.String("cloud.platform", "aws_ec2")))
	if err != nil {
		return err
	}
	provider := sdk.NewTracerProvider(sdk.WithResource(res), sdk.WithSyncer(exporter))
	tracer := provider.Tracer("story")

	within, buy := tracer.Start(ctx, "POST /buy", trace.WithSpanKind(trace.SpanKindServer), at(0), trace.WithAttributes(
		attribute.String("http.request.method", "POST"), attribute.String("url.path", "/buy"), attribute.String("server.address", "shop.test"),
		attribute.Int("http.response.status_code", 500), attribute.String("enduser.id", "u7"), attribute.Int("cart", 3),
		attribute.StringSlice("aws.xray.annotations", []string{"cart"})))
	_, price := tracer.Start(within, "price", at(1000000))
	price.RecordError(errors.New("no price"), trace.WithStackTrace(true))
	price.SetStatus(codes.Error, "no price")
	price.End(at(2000001))
	_, pay := tracer.Start(within, "POST", trace.WithSpanKind(trace.SpanKindClient), at(3000000), trace.WithAttributes(
		attribute.String("http.request.method", "POST"), attribute.String("url.full", "http://pay.test/charge"),
		attribute.String("server.address", "pay.test"), attribute.Int("http.response.status_code", 429)))
	pay.End(at(4000002))
	buy.End(at(5000003))
	if err := provider.Shutdown(ctx); err != nil {
		return err
	}
	out, err := json.Marshal(map[string]string{
		"trace": buy.SpanContext().TraceID().String(), "buy": buy.SpanContext().SpanID().String(),
		"price": price.SpanContext().SpanID().String(), "pay": pay.SpanContext().SpanID().String(),
	})
	fmt.Println(string(out))
	return err
}
