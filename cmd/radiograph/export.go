package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"radiograph/server"
)

// stream sends a request about the client's tenant whose body or answer is too
// long to be held.
func (c *client) stream(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	query := url.Values{"account": {c.accessKey}, "region": {c.region}}
	req, err := http.NewRequestWithContext(ctx, method, c.endpoint+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "radiograph/"+version())
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	if resp.StatusCode >= 400 {
		defer resp.Body.Close()
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what is missing only shortens the message
		return nil, readError(resp, answer)
	}
	return resp, nil
}

func newExport() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write an account's segment documents as JSON lines",
		Long: `Write all segment documents of an account in a region, as they were stored, to a
new file or to stdout: one JSON object to a line, those of a trace in their
order. 'radiograph import' makes the same traces of them. The server answers only
programs on its own machine.`,
		Args: oneArgAtMost,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			c, err := flags.client()
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if len(args) == 1 {
				f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, f.Close()) }()
				out = f
			}
			resp, err := c.stream(cmd.Context(), http.MethodGet, server.ExportPath, nil)
			if err != nil {
				return fmt.Errorf("export: %w", err)
			}
			defer resp.Body.Close()
			if _, err := io.Copy(out, resp.Body); err != nil {
				return fmt.Errorf("export: it ended early: %w", err)
			}
			return nil
		},
	}
	flags.register(cmd)
	return cmd
}

func newImport() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "import [FILE]",
		Short: "Store the segment documents of an export",
		Long: `Store the documents that 'radiograph export' wrote, from a file or from stdin, in
an account and region. To import them again changes nothing. The server answers
only programs on its own machine; its limits hold.`,
		Args: oneArgAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			in := cmd.InOrStdin()
			if len(args) == 1 {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			resp, err := c.stream(cmd.Context(), http.MethodPost, server.ImportPath, io.NopCloser(in))
			if err != nil {
				return fmt.Errorf("import: %w", err)
			}
			defer resp.Body.Close()
			var sum server.Imported
			if err := json.NewDecoder(resp.Body).Decode(&sum); err != nil {
				return fmt.Errorf("import: %w", err)
			}
			for _, reason := range sum.Reasons {
				fmt.Fprintln(cmd.ErrOrStderr(), clean(reason))
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d documents were stored, %d refused\n", sum.Documents-sum.Rejected, sum.Rejected)
			return err
		},
	}
	flags.register(cmd)
	return cmd
}
