package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"radiograph/server"
)

func newBackup() *cobra.Command {
	var flags clientFlags
	cmd := &cobra.Command{
		Use:   "backup DIR",
		Short: "Copy a running server's data to a new folder on its machine",
		Long: `Copy a running server's data, of all accounts, to a folder that must not be
there yet. The server goes on meanwhile. It does this only for programs on its
own machine. 'radiograph restore' makes a data folder of the copy.`,
		Args: exactArgs("a folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			var b server.Backup
			if err := c.json(cmd.Context(), "", http.MethodPost, server.BackupPath, server.BackupRequest{Directory: dir}, &b); err != nil {
				return fmt.Errorf("back up: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is written (%s)\n", b.Directory, formatDuration(b.Took.Round(time.Millisecond)))
			return err
		},
	}
	flags.register(cmd)
	return cmd
}

func newRestore() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "restore BACKUP",
		Short: "Make a data folder of a backup",
		Long: `Copy a backup to a data folder that must not be there, or be empty, and see that
it is whole. No server may run on that folder.`,
		Args: exactArgs("a backup's folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if data == "" {
				var err error
				if data, err = defaultDataDir(); err != nil {
					return err
				}
			}
			log, err := newLog(cmd.ErrOrStderr(), "warn", "text")
			if err != nil {
				return err
			}
			if err := server.Restore(args[0], server.Config{Dir: data, Log: log}); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is restored; start it with: radiograph up --data %s\n", data, shellWord(data))
			return err
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data folder to make (default $XDG_DATA_HOME/radiograph)")
	return cmd
}
