// One trace by the OpenTelemetry SDK for Node. Arguments: the protocol, the first
// span's start in nanoseconds. It prints the ids.
const { createRequire } = require('node:module');
const { context, trace, SpanKind, SpanStatusCode } = require('@opentelemetry/api');

const [, , protocol, start] = process.argv;

// ADOT's exporter is made for the SDK before, and brings it.
const adot = '@aws/aws-distro-opentelemetry-exporter-xray-udp';
const from = protocol === 'udp' ? createRequire(require.resolve(adot)) : createRequire(require.resolve('@opentelemetry/sdk-node'));
const tracing = from('@opentelemetry/sdk-trace-base');
const resources = from('@opentelemetry/resources');

function exporter() {
  switch (protocol) {
    case 'grpc':
      return new (require('@opentelemetry/exporter-trace-otlp-grpc').OTLPTraceExporter)();
    case 'http/json':
      return new (require('@opentelemetry/exporter-trace-otlp-http').OTLPTraceExporter)();
    case 'udp':
      return new (require(adot).AwsXrayUdpSpanExporter)(process.env.AWS_XRAY_DAEMON_ADDRESS);
    default:
      return new (require('@opentelemetry/exporter-trace-otlp-proto').OTLPTraceExporter)();
  }
}

// at is so many nanoseconds after the start, as the SDK takes times exactly.
function at(offset) {
  const t = BigInt(start) + BigInt(offset);
  return [Number(t / 1000000000n), Number(t % 1000000000n)];
}

const attributes = { 'service.name': 'shop', 'cloud.platform': 'aws_ec2', 'telemetry.sdk.language': 'nodejs' };
const provider = new tracing.BasicTracerProvider({
  resource: protocol === 'udp' ? new resources.Resource(attributes) : resources.resourceFromAttributes(attributes),
  spanProcessors: [new tracing.SimpleSpanProcessor(exporter())],
});
const tracer = provider.getTracer('story');

const buy = tracer.startSpan('POST /buy', {
  kind: SpanKind.SERVER, startTime: at(0), attributes: {
    'http.request.method': 'POST', 'url.path': '/buy', 'server.address': 'shop.test', 'http.response.status_code': 500,
    'enduser.id': 'u7', cart: 3, 'aws.xray.annotations': ['cart'],
  },
});
const within = trace.setSpan(context.active(), buy);
const price = tracer.startSpan('price', { startTime: at(1000000) }, within);
price.recordException(new RangeError('no price'));
price.setStatus({ code: SpanStatusCode.ERROR, message: 'no price' });
price.end(at(2000001));
const pay = tracer.startSpan('POST', {
  kind: SpanKind.CLIENT, startTime: at(3000000), attributes: {
    'http.request.method': 'POST', 'url.full': 'http://pay.test/charge', 'server.address': 'pay.test', 'http.response.status_code': 429,
  },
}, within);
pay.end(at(4000002));
buy.end(at(5000003));

provider.forceFlush().then(() => provider.shutdown()).then(() => {
  console.log(JSON.stringify({
    trace: buy.spanContext().traceId, buy: buy.spanContext().spanId, price: price.spanContext().spanId, pay: pay.spanContext().spanId,
  }));
});
