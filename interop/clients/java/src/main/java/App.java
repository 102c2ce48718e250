import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.interceptors.TracingInterceptor;
import com.amazonaws.xray.jakarta.servlet.AWSXRayServletFilter;
import com.amazonaws.xray.proxies.apache.http.HttpClientBuilder;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.apache.http.client.methods.HttpGet;
import org.apache.http.util.EntityUtils;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.servlet.FilterHolder;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;
import software.amazon.awssdk.services.xray.XRayClient;
import software.amazon.awssdk.services.xray.model.InvalidRequestException;

/** The shop of xray_app_test.go with the X-Ray SDK for Java, its servlet filter, Apache's client and the AWS SDK for Java. */
public final class App extends HttpServlet {
    private final XRayClient xray = XRayClient.builder().overrideConfiguration(c -> c.addExecutionInterceptor(new TracingInterceptor())
        .retryStrategy(r -> r.maxAttempts(1))).build();
    private final HttpClient plain = HttpClient.newHttpClient();

    public static void main(String[] args) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler();
        context.addFilter(new FilterHolder(new AWSXRayServletFilter("shop-java")), "/*", EnumSet.of(DispatcherType.REQUEST));
        context.addServlet(new ServletHolder(new App()), "/*");
        server.setHandler(context);
        server.start();
        System.out.println("http://127.0.0.1:" + connector.getLocalPort());
        server.join();
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String url = request.getParameter("url");
        switch (request.getRequestURI()) {
            case "/all/work" -> work();
            case "/all/fails" -> fails(response);
            case "/all/http" -> EntityUtils.consume(HttpClientBuilder.create().build().execute(new HttpGet(url)).getEntity());
            case "/all/aws" -> aws();
            case "/all/large" -> {
                for (int i = 0; i < 150; i++) {
                    AWSXRay.createSubsegment("n" + i, () -> { });
                }
                get(url);
            }
            case "/all/long" -> {
                AWSXRay.sendSegment(AWSXRay.getCurrentSegment());
                get(url);
            }
            default -> { }
        }
    }

    private static void work() {
        AWSXRay.getCurrentSegment().setUser("ann");
        Subsegment work = AWSXRay.beginSubsegment("work");
        work.putAnnotation("colour", "blue");
        work.putAnnotation("count", 3);
        work.putAnnotation("fine", true);
        work.putMetadata("details", "table", Map.of("rows", List.of(1, 2)));
        AWSXRay.createSubsegment("inner", () -> { });
        AWSXRay.endSubsegment();
    }

    private static void fails(HttpServletResponse response) {
        try {
            AWSXRay.createSubsegment("fails", () -> {
                throw new IllegalStateException("on purpose");
            });
        } catch (IllegalStateException e) {
            response.setStatus(500);
        }
    }

    private void aws() {
        xray.getGroups(r -> { });
        try {
            xray.getGroup(r -> r.groupName("absent"));
        } catch (InvalidRequestException e) {
            return;
        }
        throw new IllegalStateException("there is a group absent");
    }

    private void get(String url) throws IOException {
        try {
            plain.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.discarding());
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
