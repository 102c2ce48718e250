import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One trace by the OpenTelemetry SDK for Java. Arguments: the protocol, the first span's start in nanoseconds. */
public class Story {
  static SpanExporter exporter(String protocol) {
    String endpoint = System.getenv("OTEL_EXPORTER_OTLP_ENDPOINT");
    switch (protocol) {
      case "grpc":
        return OtlpGrpcSpanExporter.builder().setEndpoint(endpoint).setCompression("gzip").build();
      default:
        return OtlpHttpSpanExporter.builder().setEndpoint(endpoint + "/v1/traces").setCompression("gzip").build();
    }
  }

  public static void main(String[] args) {
    long base = Long.parseLong(args[1]);
    Resource resource = Resource.getDefault().merge(Resource.create(Attributes.builder()
        .put("service.name", "shop").put("cloud.platform", "aws_ec2").build()));
    var provider = SdkTracerProvider.builder().setResource(resource)
        .addSpanProcessor(SimpleSpanProcessor.create(exporter(args[0]))).build();
    var tracer = provider.get("story");
    Span buy = tracer.spanBuilder("POST /buy").setSpanKind(SpanKind.SERVER).setStartTimestamp(base, TimeUnit.NANOSECONDS)
        .setAttribute("http.request.method", "POST").setAttribute("url.path", "/buy").setAttribute("server.address", "shop.test")
        .setAttribute("http.response.status_code", 500).setAttribute("enduser.id", "u7").setAttribute("cart", 3)
        .setAttribute(AttributeKey.stringArrayKey("aws.xray.annotations"), List.of("cart")).startSpan();
    Context within = Context.root().with(buy);
    Span price = tracer.spanBuilder("price").setParent(within).setStartTimestamp(base + 1_000_000, TimeUnit.NANOSECONDS).startSpan();
    price.recordException(new IllegalStateException("no price", new RuntimeException("no list")));
    price.setStatus(StatusCode.ERROR, "no price");
    price.end(base + 2_000_001, TimeUnit.NANOSECONDS);
    Span pay = tracer.spanBuilder("POST").setSpanKind(SpanKind.CLIENT).setParent(within)
        .setStartTimestamp(base + 3_000_000, TimeUnit.NANOSECONDS).setAttribute("http.request.method", "POST")
        .setAttribute("url.full", "http://pay.test/charge").setAttribute("server.address", "pay.test")
        .setAttribute("http.response.status_code", 429).startSpan();
    pay.end(base + 4_000_002, TimeUnit.NANOSECONDS);
    buy.end(base + 5_000_003, TimeUnit.NANOSECONDS);
    provider.shutdown().join(10, TimeUnit.SECONDS);
    System.out.printf("{\"trace\":\"%s\",\"buy\":\"%s\",\"price\":\"%s\",\"pay\":\"%s\"}%n", buy.getSpanContext().getTraceId(),
        buy.getSpanContext().getSpanId(), price.getSpanContext().getSpanId(), pay.getSpanContext().getSpanId());
  }
}
