package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"radiograph"
	"radiograph/server"
)

// What the demo sets up. The second attempt of the event comes after
// demoBackoff.
const (
	demoFunction = "demo-orders"
	demoRole     = "demo-orders-role"
	demoBackoff  = 200 * time.Millisecond
	demoPatience = 10 * time.Second // until a trace is whole
)

// demoFlags are the demo's settings.
type demoFlags struct {
	addr, daemon, dir string
	work              time.Duration
	once              bool
}

func newDemo() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a server, a function and three invocations, and draw their traces",
		Long: `Run everything in one process, with nothing but this binary: a server, a Lambda
function with active tracing deployed through the public API, and an upstream
service that calls it three times: once well, once asynchronously with a retry,
once with a fault. Their waterfalls are drawn, then the server stays up.`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), &f)
		},
	}
	cmd.Flags().BoolVar(&f.once, "once", false, "stop after printing")
	cmd.Flags().DurationVar(&f.work, "work", 40*time.Millisecond, "how long the function works on an order before it calls the payment provider")
	cmd.Flags().StringVar(&f.dir, "data", "", "keep the data in this folder (default in memory)")
	cmd.Flags().StringVar(&f.addr, "addr", "127.0.0.1:4566", "address of the AWS APIs and the console; a free port when it is taken")
	cmd.Flags().StringVar(&f.daemon, "daemon", "127.0.0.1:2000", "address of the X-Ray daemon; a free port when it is taken")
	return cmd
}

// runDemo shows the demo and stays until ctx ends or a line is typed.
func runDemo(ctx context.Context, stdin io.Reader, out, stderr io.Writer, f *demoFlags) (err error) {
	srv, err := startDemoServer(ctx, stderr, f)
	if err != nil {
		return explainStart(err)
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	provider, err := startProvider()
	if err != nil {
		return err
	}
	defer provider.close()

	tenant := srv.Tenant()
	shop := &shop{
		client:   newClient(srv.Endpoint(), string(tenant.Account), string(tenant.Region)),
		provider: provider.url,
	}
	fmt.Fprintf(out, "A shop calls the Lambda function %s; the function calls a payment provider.\n", demoFunction)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := deployDemo(ctx, shop.client, self, f.work); err != nil {
		return fmt.Errorf("deploy the demo's function: %w", err)
	}
	for i, act := range []struct {
		title string
		order order
		done  func(*radiograph.Timeline) bool
	}{
		{"an order, synchronously", order{Number: 1001}, settled},
		{
			"an order as an event: the first attempt fails, the second follows " + formatDuration(demoBackoff) + " later",
			order{Number: 1002, Event: true},
			func(tl *radiograph.Timeline) bool { return attempts(tl) == 2 && settled(tl) },
		},
		{"the provider answers 503, the function fails, the shop answers 502", order{Number: 1003}, settled},
	} {
		id, err := shop.place(ctx, act.order)
		if err != nil {
			return err
		}
		tl, err := shop.client.awaitTrace(ctx, id, demoPatience, act.done)
		if err != nil {
			return err
		}
		if tl == nil {
			return fmt.Errorf("trace %s did not arrive", id)
		}
		fmt.Fprintf(out, "\n%d. %s\n", i+1, act.title)
		if err := writeTimeline(out, tl); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\nconsole  %s\n", srv.Console())
	fmt.Fprintf(out, "shell    %s\n", exportLine(srv.Endpoint()))
	if f.once {
		return nil
	}
	if isTerminal(stdin) {
		fmt.Fprintln(out, "Enter or Ctrl-C stops it.")
	} else {
		fmt.Fprintln(out, "SIGINT or SIGTERM stops it.")
	}
	waitForKey(ctx, stdin)
	return nil
}

// startDemoServer starts a server on the usual addresses, or on free ports where
// those are taken.
func startDemoServer(ctx context.Context, stderr io.Writer, f *demoFlags) (*server.Server, error) {
	log, err := newLog(stderr, "error", "text")
	if err != nil {
		return nil, err
	}
	cfg := server.Config{
		Addr: f.addr, Daemon: f.daemon, OTLPHTTP: server.Off, OTLPGRPC: server.Off, Dir: f.dir, Version: version(), Log: log,
		AsyncBackoff: []time.Duration{demoBackoff, demoBackoff},
	}
	for {
		srv, err := server.Start(ctx, cfg)
		var taken *server.AddressInUseError
		switch {
		case !errors.As(err, &taken):
			return srv, err
		case taken.Address == cfg.Addr:
			cfg.Addr = "127.0.0.1:0"
		case taken.Address == cfg.Daemon:
			cfg.Daemon = "127.0.0.1:0"
		default:
			return nil, err
		}
	}
}

func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// waitForKey returns when ctx ends or, on a terminal, when a line is typed. A
// read that still waits then ends with the process.
func waitForKey(ctx context.Context, stdin io.Reader) {
	typed := make(chan struct{})
	if isTerminal(stdin) {
		go func() {
			if _, err := bufio.NewReader(stdin).ReadString('\n'); err == nil {
				close(typed)
			}
		}()
	}
	select {
	case <-ctx.Done():
	case <-typed:
	}
}

// deployDemo creates the role and the function over the public API, as any
// client would. The function runs program, which is this one.
func deployDemo(ctx context.Context, c *client, program string, work time.Duration) error {
	const iamVersion = "2010-05-08"
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	err := c.query(ctx, "iam", iamVersion, "CreateRole", url.Values{"RoleName": {demoRole}, "AssumeRolePolicyDocument": {trust}}, nil)
	if err != nil && !isAPIError(err, "EntityAlreadyExists") { // an earlier demo in the same folder
		return err
	}
	err = c.query(ctx, "iam", iamVersion, "AttachRolePolicy", url.Values{
		"RoleName": {demoRole}, "PolicyArn": {"arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"},
	}, nil)
	if err != nil {
		return err
	}
	code, err := demoCode(program)
	if err != nil {
		return err
	}
	type object = map[string]any
	create := object{
		"FunctionName":  demoFunction,
		"Role":          "arn:aws:iam::" + c.accessKey + ":role/" + demoRole,
		"Runtime":       "provided.al2023",
		"Handler":       "bootstrap",
		"Code":          object{"ZipFile": code},
		"TracingConfig": object{"Mode": radiograph.TracingActive},
		"Environment":   object{"Variables": object{demoWorkVariable: work.String()}},
		"Timeout":       30,
	}
	const functions = "/2015-03-31/functions"
	err = c.json(ctx, "lambda", http.MethodPost, functions, create, nil)
	if isAPIError(err, "ResourceConflictException") {
		if err = c.json(ctx, "lambda", http.MethodDelete, functions+"/"+demoFunction, nil, nil); err == nil {
			err = c.json(ctx, "lambda", http.MethodPost, functions, create, nil)
		}
	}
	return err
}

func isAPIError(err error, code string) bool {
	var e *apiError
	return errors.As(err, &e) && e.Code == code
}

// demoCode is the function's deployment package: a bootstrap that runs the
// program again, as a custom runtime.
func demoCode(program string) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	entry, err := w.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	quoted := "'" + strings.ReplaceAll(program, "'", `'\''`) + "'"
	if _, err := fmt.Fprintf(entry, "#!/bin/sh\nexec %s %s\n", quoted, demoFunctionCommand); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
