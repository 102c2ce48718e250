package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"radiograph"
	"radiograph/server"
)

// upFlags are the settings of a server.
type upFlags struct {
	server    server.Config
	memory    bool
	readyFile string
	fallback  string
	limits    string
	prices    string
	logLevel  string
	logFormat string
}

// defaultRetention is X-Ray's (service quotas).
const defaultRetention = 30 * 24 * time.Hour

func newUp() *cobra.Command {
	f := upFlags{logLevel: "warn", logFormat: "text"}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run the server",
		Long: `Run the server: X-Ray, Lambda, IAM and STS with the console on one port, and the
X-Ray daemon and OpenTelemetry's OTLP on others. It runs until SIGINT or SIGTERM, then lets what is
running come to its end.`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runUp(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), &f, cmd.Flags().Changed)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.server.Addr, "addr", "127.0.0.1:4566", "address of the AWS APIs and the console; port 0 takes a free one")
	fl.StringVar(&f.server.Daemon, "daemon", "127.0.0.1:2000", "address of the X-Ray daemon, UDP and TCP; port 0 takes a free one")
	fl.StringVar(&f.server.OTLPHTTP, "otlp-http", "127.0.0.1:4318", "address of OTLP over HTTP, which the main port takes too; off for none")
	fl.StringVar(&f.server.OTLPGRPC, "otlp-grpc", "127.0.0.1:4317", "address of OTLP over gRPC; off for none")
	fl.StringSliceVar(&f.server.Annotations, "otlp-annotations", nil, "span attributes that become annotations, a resource's as otel.resource.NAME; all for every one")
	fl.StringVar(&f.server.Dir, "data", "", "data folder (default $XDG_DATA_HOME/radiograph)")
	fl.DurationVar(&f.server.Retention, "retention", defaultRetention, "how long traces are kept, to the hour; 0 keeps them")
	fl.Int64Var(&f.server.MaxBytes, "max-bytes", 0, "bytes of stored traces and state beyond which the oldest hours of traces go; 0 is no bound")
	fl.BoolVar(&f.memory, "memory", false, "keep all data in memory and forget it at the end")
	fl.StringVar(&f.readyFile, "ready-file", "", "write the addresses to this file, as JSON, when ready")
	fl.StringVar((*string)(&f.server.Account), "account", string(radiograph.DefaultAccount), "account of what comes without a signature")
	fl.StringVar((*string)(&f.server.Region), "region", string(radiograph.DefaultRegion), "region of what comes without a signature")
	fl.StringVar(&f.fallback, "fallback-endpoint", "", "URL that answers for the AWS services not served here, such as moto's")
	fl.DurationSliceVar(&f.server.AsyncBackoff, "async-backoff", nil, "waits before the second and third attempt of an asynchronous invocation (default 1m,2m)")
	fl.IntVar(&f.server.MaxEnvironments, "max-environments", 0, "most environments of all functions together; beyond it an invocation waits a moment, then gets 429 (default 64)")
	fl.StringVar(&f.limits, "limits", "local", "X-Ray's quotas: aws, or local (aws without those of rate and age), with changes such as aws,groups=100,data-days=none")
	fl.StringVar(&f.prices, "prices", "", "prices of 'radiograph usage', a JSON file (default AWS's)")
	fl.BoolVar(&f.server.Insecure, "insecure", false, "permit addresses that other machines can reach; there is no password")
	fl.StringVar(&f.server.CacheDir, "cache-dir", "", "folder for what runtimes need (default radiograph in the user's cache folder)")
	fl.StringVar(&f.logLevel, "log-level", f.logLevel, "debug, info, warn or error; the log goes to stderr")
	fl.StringVar(&f.logFormat, "log-format", f.logFormat, "text or json")
	return cmd
}

// config checks the flags and makes the server's settings of them.
func (f *upFlags) config(stderr io.Writer, changed func(flag string) bool) (server.Config, error) {
	cfg := f.server
	cfg.Version = version()
	cfg.OTLPHTTPOptional, cfg.OTLPGRPCOptional = !changed("otlp-http"), !changed("otlp-grpc")
	cfg.AnnotateAll = slices.Contains(cfg.Annotations, "all")
	if !isAccount(string(cfg.Account)) {
		return cfg, usagef("--account %q is not a twelve-digit account number", cfg.Account)
	}
	if cfg.Region == "" {
		return cfg, usagef("--region is empty")
	}
	switch {
	case f.memory && changed("data"):
		return cfg, usagef("--memory and --data exclude each other")
	case !f.memory && cfg.Dir == "":
		dir, err := defaultDataDir()
		if err != nil {
			return cfg, err
		}
		cfg.Dir = dir
	}
	for _, wait := range cfg.AsyncBackoff {
		if wait < 0 {
			return cfg, usagef("--async-backoff %s is below zero", wait)
		}
	}
	if cfg.MaxEnvironments < 0 {
		return cfg, usagef("--max-environments %d is below zero", cfg.MaxEnvironments)
	}
	if cfg.Retention < 0 || cfg.Retention > 0 && cfg.Retention < time.Hour {
		return cfg, usagef("--retention %s is less than an hour", cfg.Retention)
	}
	if cfg.MaxBytes < 0 {
		return cfg, usagef("--max-bytes %d is below zero", cfg.MaxBytes)
	}
	limits, err := radiograph.ParseLimits(f.limits)
	if err != nil {
		return cfg, usagef("--limits: %v", err)
	}
	cfg.Limits = &limits
	if f.prices != "" {
		if cfg.Prices, err = readPrices(f.prices); err != nil {
			return cfg, err
		}
	}
	if f.fallback != "" {
		u, err := url.Parse(f.fallback)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return cfg, usagef("--fallback-endpoint %q is not a URL such as http://127.0.0.1:5000", f.fallback)
		}
		cfg.Fallback = u
	}
	log, err := newLog(stderr, f.logLevel, f.logFormat)
	if err != nil {
		return cfg, err
	}
	cfg.Log = log
	cfg.Progress = func(line string) { fmt.Fprintln(stderr, line) }
	return cfg, nil
}

// defaultDataDir is radiograph in the user's data folder (XDG Base Directory
// Specification).
func defaultDataDir() (string, error) {
	// A relative XDG_DATA_HOME is invalid by the specification and is ignored.
	if base := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "radiograph"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", usagef("no data folder is known here (%v): name one with --data, or use --memory", err)
	}
	return filepath.Join(home, ".local", "share", "radiograph"), nil
}

// newLog makes the logger the flags ask for.
func newLog(w io.Writer, level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--log-level %q: want debug, info, warn or error", level)
	}
	opts := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	}
	return nil, usagef("--log-format %q: want text or json", format)
}

// runUp serves until ctx ends.
func runUp(ctx context.Context, out, stderr io.Writer, f *upFlags, changed func(flag string) bool) error {
	began := time.Now()
	cfg, err := f.config(stderr, changed)
	if err != nil {
		return err
	}
	srv, err := server.Start(ctx, cfg)
	if err != nil {
		return explainStart(err)
	}
	if f.readyFile != "" {
		if err := writeReadyFile(f.readyFile, srv); err != nil {
			return errors.Join(err, srv.Close())
		}
		defer os.Remove(f.readyFile)
	}
	took := formatDuration(time.Since(began).Round(time.Millisecond))
	fmt.Fprintf(out, "radiograph is ready (%s)\n", took)
	fmt.Fprintf(out, "  endpoint  %s  X-Ray, Lambda, IAM, STS\n", srv.Endpoint())
	fmt.Fprintf(out, "  console   %s\n", srv.Console())
	fmt.Fprintf(out, "  daemon    %s  udp and tcp\n", srv.Daemon())
	fmt.Fprintf(out, "  otlp      %s  http, %s  grpc\n", cmp.Or(srv.OTLPHTTP(), strings.TrimPrefix(srv.Endpoint(), "http://")), cmp.Or(srv.OTLPGRPC(), "no"))
	fmt.Fprintf(out, "  data      %s\n", cmp.Or(cfg.Dir, "in memory"))
	fmt.Fprintf(out, "  shell     %s\n", exportLine(srv.Endpoint()))

	<-ctx.Done()
	fmt.Fprintln(out, "stopping: running invocations come to their end (press again to stop at once)")
	return srv.Close()
}

// explainStart adds what to do to an error of a start.
func explainStart(err error) error {
	var taken *server.AddressInUseError
	switch {
	case errors.As(err, &taken):
		return fmt.Errorf("%w: is another radiograph running? --addr, --daemon, --otlp-http and --otlp-grpc choose other addresses, port 0 a free one", err)
	case errors.Is(err, server.ErrPublicAddress):
		return fmt.Errorf("%w: use a loopback address such as 127.0.0.1, or add --insecure", err)
	}
	return err
}

// exportLine is what to type to point a shell at an endpoint.
func exportLine(endpoint string) string {
	if endpoint == defaultEndpoint {
		return `eval "$(radiograph env)"`
	}
	return `eval "$(radiograph env --endpoint ` + endpoint + `)"`
}

// readyAddresses is what the ready file holds.
type readyAddresses struct {
	Endpoint string `json:"endpoint"`
	Console  string `json:"console"`
	Daemon   string `json:"daemon"`
	OTLPHTTP string `json:"otlp_http,omitempty"`
	OTLPGRPC string `json:"otlp_grpc,omitempty"`
	PID      int    `json:"pid"`
}

// writeReadyFile writes the addresses so that a reader sees all of them or no
// file.
func writeReadyFile(path string, srv *server.Server) (err error) {
	b, err := json.Marshal(readyAddresses{srv.Endpoint(), srv.Console(), srv.Daemon(), srv.OTLPHTTP(), srv.OTLPGRPC(), os.Getpid()})
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("ready file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
			err = fmt.Errorf("ready file: %w", err)
		}
	}()
	_, err = tmp.Write(append(b, '\n'))
	if err := errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
