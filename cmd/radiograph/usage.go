package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"radiograph/meter"
	"radiograph/server"
)

// readPrices reads the file of --prices.
func readPrices(path string) (*meter.Prices, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--prices: %w", err)
	}
	prices, err := meter.ParsePrices(text)
	if err != nil {
		return nil, usagef("--prices %s: %v", path, err)
	}
	return &prices, nil
}

// usage asks a server what the client's account has used.
func (c *client) usage(ctx context.Context) (*server.Usage, error) {
	var u server.Usage
	path := server.UsagePath + "?" + url.Values{"account": {c.accessKey}}.Encode()
	if err := c.json(ctx, "", http.MethodGet, path, nil, &u); err != nil {
		return nil, err
	}
	return &u, nil
}

func newUsage() *cobra.Command {
	var flags clientFlags
	output := outputFlag("text")
	limits := false
	cmd := &cobra.Command{
		Use:   "usage",
		Short: "Show what X-Ray would bill for, by month",
		Long: `Show how many traces an account has recorded and read, by month (UTC) and
region, and what AWS would charge for them. Prices and what is free are AWS's
unless the server was started with --prices; taxes and volume discounts are not
looked at. After a crash about the last second is missing.`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			u, err := c.usage(cmd.Context())
			switch {
			case err != nil:
				return err
			case output.json():
				return printJSON(cmd.OutOrStdout(), u)
			case limits:
				return writeLimits(cmd.OutOrStdout(), u)
			}
			return writeUsage(cmd.OutOrStdout(), u)
		},
	}
	flags.register(cmd)
	output.register(cmd)
	cmd.Flags().BoolVar(&limits, "limits", false, "show the server's limits instead")
	return cmd
}

// writeUsage prints a bill for each month, newest first.
func writeUsage(w io.Writer, u *server.Usage) error {
	const whatWidth, numberWidth = len("Traces processed for insights"), 13
	s := screenOf(w)
	var b strings.Builder
	row := func(what string, numbers ...string) {
		b.WriteString("  " + pad(what, whatWidth))
		for _, n := range numbers {
			b.WriteString("  " + padLeft(n, numberWidth))
		}
		b.WriteByte('\n')
	}
	for i, m := range u.Months {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s  account %s\n", s.paint(bold, m.Month), clean(string(u.Account)))
		row("", "TRACES", "FREE LEFT", "BILLED", "USD")
		for _, l := range m.Bill {
			row(l.What, grouped(l.Traces), grouped(l.FreeLeft), grouped(l.Billed), dollars(l.USD))
		}
		row("AWS would charge", "", "", "", dollars(m.USD))
		if len(m.Regions) > 0 {
			b.WriteByte('\n')
			row("", "RECORDED", "RETRIEVED", "SCANNED", "INSIGHTS")
		}
		for _, r := range m.Regions {
			row(fit(clean(string(r.Region)), whatWidth), grouped(r.Recorded), grouped(r.Retrieved), grouped(r.Scanned), grouped(r.Insights))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeLimits prints what the server holds its accounts to.
func writeLimits(w io.Writer, u *server.Usage) error {
	var b strings.Builder
	for _, l := range u.Limits {
		value := grouped(int64(l.Value))
		if l.Value == 0 {
			value = "none"
		}
		fmt.Fprintf(&b, "%s  %s  %s\n", pad(l.Name, len("resource-policy-bytes")), padLeft(value, len("512,000")), l.Effect)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// grouped writes a number with commas: 1,234,567.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// dollars writes an amount; less than a cent is told exactly enough to be seen.
func dollars(usd float64) string {
	if 0 < usd && usd < 0.01 {
		return strconv.FormatFloat(usd, 'f', 6, 64)
	}
	return strconv.FormatFloat(usd, 'f', 2, 64)
}
