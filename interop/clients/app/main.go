// App is the shop of xray_app_test.go with the X-Ray SDK for Go, net/http and the
// AWS SDK for Go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	awsxray "github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/aws/aws-xray-sdk-go/v2/instrumentation/awsv2"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
	"github.com/aws/aws-xray-sdk-go/v2/xraylog"
)

func main() {
	xray.SetLogger(xraylog.NewDefaultLogger(os.Stderr, xraylog.LogLevelWarn))
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))
	if err != nil {
		return err
	}
	awsv2.AWSV2Instrumentor(&cfg.APIOptions)
	daemon, err := net.ResolveUDPAddr("udp", os.Getenv("AWS_XRAY_DAEMON_ADDRESS"))
	if err != nil {
		return err
	}
	emitter, err := xray.NewDefaultEmitter(daemon)
	if err != nil {
		return err
	}
	s := &shop{api: awsxray.NewFromConfig(cfg), emitter: emitter}
	mux := http.NewServeMux()
	for path, h := range map[string]func(context.Context, *http.Request) error{
		"/all/work": s.work, "/all/fails": s.fails, "/all/http": s.http, "/all/aws": s.aws, "/all/large": s.large, "/all/long": s.long,
		"/": func(context.Context, *http.Request) error { return nil },
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if err := h(r.Context(), r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, xray.Handler(xray.NewFixedSegmentNamer("shop-go"), mux))
}

type shop struct {
	api     *awsxray.Client
	emitter xray.Emitter
}

func (*shop) work(ctx context.Context, _ *http.Request) error {
	xray.GetSegment(ctx).User = "ann"
	return xray.Capture(ctx, "work", func(ctx context.Context) error {
		return errors.Join(
			xray.AddAnnotation(ctx, "colour", "blue"), xray.AddAnnotation(ctx, "count", 3), xray.AddAnnotation(ctx, "fine", true),
			xray.AddMetadataToNamespace(ctx, "details", "table", map[string][]int{"rows": {1, 2}}),
			xray.Capture(ctx, "inner", func(context.Context) error { return nil }),
		)
	})
}

func (*shop) fails(ctx context.Context, _ *http.Request) error {
	return xray.Capture(ctx, "fails", func(context.Context) error { return errors.New("on purpose") })
}

func (*shop) http(ctx context.Context, r *http.Request) error {
	return get(ctx, xray.Client(nil), r.URL.Query().Get("url"))
}

func (s *shop) aws(ctx context.Context, _ *http.Request) error {
	if _, err := s.api.GetGroups(ctx, &awsxray.GetGroupsInput{}); err != nil {
		return err
	}
	if _, err := s.api.GetGroup(ctx, &awsxray.GetGroupInput{GroupName: aws.String("absent")}); err == nil {
		return errors.New("there is a group absent")
	}
	return nil
}

func (*shop) large(ctx context.Context, r *http.Request) error {
	for i := range 150 {
		_, sub := xray.BeginSubsegment(ctx, fmt.Sprintf("n%d", i))
		sub.CloseAndStream(nil)
	}
	return get(ctx, http.DefaultClient, r.URL.Query().Get("url"))
}

func (s *shop) long(ctx context.Context, r *http.Request) error {
	s.emitter.Emit(xray.GetSegment(ctx))
	return get(ctx, http.DefaultClient, r.URL.Query().Get("url"))
}

func get(ctx context.Context, c *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}
