package main

import (
	"github.com/spf13/cobra"

	"radiograph/server"
)

// newCompatibility prints docs/compatibility.md. It is hidden: users read the
// page, `make docs` writes it.
func newCompatibility() *cobra.Command {
	return &cobra.Command{
		Use:    "compatibility",
		Short:  "Print the table of served and missing operations as Markdown",
		Hidden: true,
		Args:   exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return server.WriteCompatibility(cmd.OutOrStdout())
		},
	}
}
