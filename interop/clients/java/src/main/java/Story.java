import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;
import software.amazon.awssdk.services.xray.XRayClient;
import software.amazon.awssdk.services.xray.model.XRayException;
import software.amazon.awssdk.services.xray.model.XRayRequest;
import software.amazon.awssdk.utils.builder.Buildable;

/** The story as the AWS SDK for Java tells it: java Story STORY prints the answers. */
final class Story {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final XRayClient xray;
    private final Map<String, String> kept = new HashMap<>();

    private Story(XRayClient xray) {
        this.xray = xray;
    }

    public static void main(String[] args) throws Exception {
        try (XRayClient xray = XRayClient.builder().overrideConfiguration(c -> c.retryStrategy(r -> r.maxAttempts(1))).build()) {
            Story story = new Story(xray);
            List<Object> told = new ArrayList<>();
            for (JsonNode step : JsonNode.parser().parse(Files.readString(Path.of(args[0]))).asArray()) {
                told.add(story.tell(step.asObject()));
            }
            try (JsonWriter out = JsonWriter.create()) {
                write(out, told);
                System.out.write(out.getBytes());
                System.out.flush();
            }
        }
    }

    private Map<String, Object> tell(Map<String, JsonNode> step) throws Exception {
        String[] until = step.containsKey("until") ? step.get("until").asString().split("=") : null;
        Map<String, Object> got;
        for (Instant deadline = Instant.now().plus(PATIENCE);; Thread.sleep(50)) {
            got = call(step.get("op").asString(), step.get("in"), step.containsKey("pages"));
            if (until == null || until[1].equals(look(got.get("out"), until[0])) || Instant.now().isAfter(deadline)) {
                break;
            }
        }
        if (step.containsKey("keep") && got.containsKey("out")) {
            for (Map.Entry<String, JsonNode> k : step.get("keep").asObject().entrySet()) {
                kept.put("$" + k.getKey(), (String) look(got.get("out"), k.getValue().asString()));
            }
        }
        return got;
    }

    private Map<String, Object> call(String op, JsonNode given, boolean pages) throws Exception {
        Class<?> type = Class.forName("software.amazon.awssdk.services.xray.model." + op + "Request");
        SdkPojo builder = (SdkPojo) type.getMethod("builder").invoke(null);
        fill(builder, given);
        XRayRequest request = (XRayRequest) ((Buildable) builder).build();
        String method = Character.toLowerCase(op.charAt(0)) + op.substring(1);
        Map<String, Object> got = new LinkedHashMap<>();
        try {
            if (pages) {
                List<Object> all = new ArrayList<>();
                for (Object page : (Iterable<?>) invoke(method + "Paginator", type, request)) {
                    all.add(plain(page));
                }
                got.put("pages", all);
            } else {
                got.put("out", plain(invoke(method, type, request)));
            }
        } catch (XRayException e) { // itself what the SDK throws for a name it does not know
            got.put("error", e.getClass().getSimpleName());
            got.put("message", e.awsErrorDetails().errorMessage());
        }
        return got;
    }

    private Object invoke(String method, Class<?> type, XRayRequest request) throws Exception {
        try {
            return XRayClient.class.getMethod(method, type).invoke(xray, request);
        } catch (java.lang.reflect.InvocationTargetException e) {
            throw (Exception) e.getCause();
        }
    }

    private void fill(SdkPojo builder, JsonNode given) {
        for (Map.Entry<String, JsonNode> member : given.asObject().entrySet()) {
            SdkField<?> field = builder.sdkFields().stream().filter(f -> f.memberName().equals(member.getKey())).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(builder.getClass() + " has no member " + member.getKey()));
            field.set(builder, value(field, member.getValue()));
        }
    }

    private Object value(SdkField<?> field, JsonNode v) {
        MarshallingType<?> type = field.marshallingType();
        if (type == MarshallingType.STRING) {
            return kept.getOrDefault(v.asString(), v.asString());
        } else if (type == MarshallingType.BOOLEAN) {
            return v.asBoolean();
        } else if (type == MarshallingType.INTEGER) {
            return Integer.valueOf(v.asNumber());
        } else if (type == MarshallingType.DOUBLE) {
            return Double.valueOf(v.asNumber());
        } else if (type == MarshallingType.INSTANT) {
            return Instant.ofEpochMilli(Math.round(Double.parseDouble(v.asNumber()) * 1000));
        } else if (type == MarshallingType.LIST) {
            SdkField<?> each = field.getTrait(ListTrait.class).memberFieldInfo();
            List<Object> all = new ArrayList<>();
            v.asArray().forEach(e -> all.add(value(each, e)));
            return all;
        } else if (type == MarshallingType.MAP) {
            Map<String, String> all = new LinkedHashMap<>();
            v.asObject().forEach((k, e) -> all.put(k, e.asString()));
            return all;
        }
        SdkPojo builder = field.constructor().get();
        fill(builder, v);
        return ((Buildable) builder).build();
    }

    /** An answer as JSON would have it; what is absent stays away. */
    private static Object plain(Object v) {
        if (v instanceof SdkPojo pojo) {
            Map<String, Object> all = new LinkedHashMap<>();
            for (SdkField<?> field : pojo.sdkFields()) {
                Object member = plain(field.getValueOrDefault(pojo));
                if (member != null) {
                    all.put(field.memberName(), member);
                }
            }
            return all;
        } else if (v instanceof List<?> list) {
            return list.stream().map(Story::plain).toList();
        } else if (v instanceof Map<?, ?> map) {
            Map<String, Object> all = new LinkedHashMap<>();
            map.forEach((k, e) -> all.put((String) k, plain(e)));
            return all;
        } else if (v instanceof Instant at) {
            return at.toEpochMilli() / 1000.0;
        }
        return v;
    }

    private static Object look(Object v, String path) {
        for (String key : path.split("\\.")) {
            v = v instanceof List<?> list ? list.get(Integer.parseInt(key)) : ((Map<?, ?>) v).get(key);
        }
        return v;
    }

    private static void write(JsonWriter out, Object v) {
        if (v instanceof Map<?, ?> map) {
            out.writeStartObject();
            map.forEach((k, e) -> {
                out.writeFieldName((String) k);
                write(out, e);
            });
            out.writeEndObject();
        } else if (v instanceof List<?> list) {
            out.writeStartArray();
            list.forEach(e -> write(out, e));
            out.writeEndArray();
        } else if (v instanceof String s) {
            out.writeValue(s);
        } else if (v instanceof Boolean b) {
            out.writeValue(b);
        } else if (v instanceof Number n) {
            out.writeValue(n.doubleValue());
        } else {
            out.writeNull();
        }
    }
}
