package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"radiograph/server"
)

// healthTimeout bounds the one question `env` asks: it often stands in a shell's
// start-up file.
const healthTimeout = 2 * time.Second

// health asks a server who it is.
func (c *client) health(ctx context.Context) (*server.Health, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	var h server.Health
	if err := c.json(ctx, "", "GET", server.HealthPath, nil, &h); err != nil {
		return nil, err
	}
	return &h, nil
}

func newEnv() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the shell exports that point AWS clients here",
		Long: `Print the shell exports that point AWS clients, X-Ray SDKs and OpenTelemetry
at the running server. Use it as:

  eval "$(radiograph env)"

The keys are no secret: a twelve-digit access key is the account.`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			h, err := c.health(cmd.Context())
			if err != nil {
				return err
			}
			// Flags win; else what the server gives to documents without a signature,
			// so that SDKs behind the daemon and AWS clients meet in one place.
			if flags.account == "" {
				c.accessKey = h.Account
			}
			if flags.region == "" {
				c.region = h.Region
			}
			return writeExports(cmd.OutOrStdout(), c, h)
		},
	}
	flags.register(cmd)
	return cmd
}

// writeExports prints the lines in POSIX shell.
func writeExports(w io.Writer, c *client, h *server.Health) error {
	spans := c.endpoint // which takes them, too
	if h.OTLPHTTP != "" {
		spans = "http://" + h.OTLPHTTP
	}
	var b strings.Builder
	for _, e := range [][2]string{
		{"AWS_ENDPOINT_URL", c.endpoint},
		{"AWS_ACCESS_KEY_ID", c.accessKey},
		{"AWS_SECRET_ACCESS_KEY", "radiograph"},
		{"AWS_REGION", c.region},
		{"AWS_DEFAULT_REGION", c.region},
		{"AWS_XRAY_DAEMON_ADDRESS", h.Daemon},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", spans},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"},
	} {
		fmt.Fprintf(&b, "export %s=%s\n", e[0], shellWord(e[1]))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shellWord quotes a value where a POSIX shell would read more than one word.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._-:/", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
