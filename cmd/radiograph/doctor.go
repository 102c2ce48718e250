package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"radiograph"
	"radiograph/server"
)

// dialTimeout is how long a port may take to accept a connection.
const dialTimeout = 2 * time.Second

// errUnwell is the exit code of a doctor who has found something.
var errUnwell = errors.New("not all is well: see above")

func newDoctor() *cobra.Command {
	var flags clientFlags
	output := outputFlag("text")
	var data string
	check := false
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what a server runs on and what is wrong with it",
		Long: `Tell what a running server is: its ports and whether they answer, its data folder,
the runtimes it has found, its limits, and how often it passed over a damaged row.
With --check it reads all that it has stored while it goes on serving; --data does
the same with the folder of a server that does not run, and changes no data in it.
Each damaged row is named in a line, with what it covers. The exit code is 0 when
all is well, 1 when not. The server answers only programs on its own machine.`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data != "" {
				if cmd.Flags().Changed("endpoint") {
					return usagef("--data is a stopped server's folder, --endpoint a running server: want one of them")
				}
				return checkFolder(cmd, data, output.json())
			}
			c, err := flags.client()
			if err != nil {
				return err
			}
			d, err := c.doctor(cmd.Context(), check)
			if err != nil {
				return err
			}
			ports := portsOf(cmd.Context(), c.endpoint, d)
			if output.json() {
				err = printJSON(cmd.OutOrStdout(), struct {
					*server.Doctor
					Ports []port `json:"ports"`
				}{d, ports})
			} else {
				err = writeDoctor(cmd.OutOrStdout(), d, ports)
			}
			if err == nil && unwell(d, ports) {
				err = errUnwell
			}
			return err
		},
	}
	flags.register(cmd)
	output.register(cmd)
	cmd.Flags().StringVar(&data, "data", "", "check this data folder of a server that does not run")
	cmd.Flags().BoolVar(&check, "check", false, "read all that is stored")
	return cmd
}

func (c *client) doctor(ctx context.Context, check bool) (*server.Doctor, error) {
	path := server.DoctorPath
	if check {
		path += "?check=true"
	}
	var d server.Doctor
	if err := c.json(ctx, "", http.MethodGet, path, nil, &d); err != nil {
		return nil, err
	}
	return &d, nil
}

// checkFolder checks a folder, and names damage as it is found.
func checkFolder(cmd *cobra.Command, dir string, asJSON bool) error {
	log, err := newLog(io.Discard, "error", "text") // what it would say is told as damage
	if err != nil {
		return err
	}
	var c server.Check
	w := cmd.OutOrStdout()
	c.Checked, err = server.CheckFolder(cmd.Context(), server.Config{Dir: dir, Log: log}, func(d server.Damage) {
		if asJSON {
			c.Damage = append(c.Damage, d)
		} else {
			fmt.Fprintln(w, damageLine(d))
		}
	})
	switch {
	case radiograph.ErrorKind(err) == radiograph.KindConflict:
		return fmt.Errorf("%w; 'radiograph doctor --check' asks the running server", err)
	case err != nil:
		return err
	case asJSON:
		err = printJSON(w, c)
	default:
		_, err = fmt.Fprintln(w, checkLine(&c))
	}
	if err == nil && c.Damaged > 0 {
		err = errUnwell
	}
	return err
}

func damageLine(d server.Damage) string { return clean(d.What) + " (covers " + clean(d.Covers) + ")" }

func checkLine(c *server.Check) string {
	text := "all are whole"
	if c.Damaged > 0 {
		text = grouped(c.Damaged) + " damaged"
	}
	return fmt.Sprintf("checked %s rows, %s documents of %s traces, %s code packages: %s",
		grouped(c.Rows), grouped(c.Documents), grouped(c.Traces), grouped(c.Packages), text)
}

// port is an address of a server, and whether it takes connections.
type port struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Error   string `json:"error,omitempty"` // "": it does
}

// portsOf tries the TCP ports of a server. The daemon's UDP port cannot be tried
// without a datagram that counts as malformed; it is bound with the TCP port.
func portsOf(ctx context.Context, endpoint string, d *server.Doctor) []port {
	api := endpoint
	if u, err := url.Parse(endpoint); err == nil {
		api = u.Host
	}
	var list []port
	for _, p := range []port{
		{Name: "API and console", Address: api},
		{Name: "X-Ray daemon", Address: d.Daemon},
		{Name: "OTLP over HTTP", Address: d.OTLPHTTP},
		{Name: "OTLP over gRPC", Address: d.OTLPGRPC},
	} {
		if p.Address == "" {
			continue
		}
		dialer := net.Dialer{Timeout: dialTimeout}
		if conn, err := dialer.DialContext(ctx, "tcp", p.Address); err != nil {
			p.Error = err.Error()
		} else {
			_ = conn.Close() // nothing was sent
		}
		list = append(list, p)
	}
	return list
}

// unwell reports whether something is wrong.
func unwell(d *server.Doctor, ports []port) bool {
	for _, p := range ports {
		if p.Error != "" {
			return true
		}
	}
	return d.Status != "ok" || d.WritesRefused || d.SetAside > 0 || d.Check != nil && d.Check.Damaged > 0
}

// writeDoctor prints what a server told.
func writeDoctor(w io.Writer, d *server.Doctor, ports []port) error {
	const nameWidth = len("API and console")
	var b strings.Builder
	line := func(name, format string, args ...any) {
		b.WriteString(pad(name, nameWidth) + "  " + fmt.Sprintf(format, args...) + "\n")
	}
	line("radiograph", "%s, process %d, %s", clean(d.Version), d.PID, d.Status)
	for _, p := range ports {
		line(p.Name, "%s  %s", p.Address, cmp.Or(clean(p.Error), "ok"))
	}
	kept := "for good"
	if d.Retention > 0 {
		kept = fmt.Sprintf("for %.4g days", d.Retention.Hours()/24)
	}
	line("data", "%s (%s), %s MB; traces are kept %s", cmp.Or(clean(d.Folder.Dir), "in memory"), d.Folder.Format, megabytes(d.StoreBytes), kept)
	if d.Folder.FreeBytes > 0 {
		state := ""
		if d.WritesRefused {
			state = ": too little, writes are refused"
		}
		line("free space", "%s MB%s", megabytes(d.Folder.FreeBytes), state)
	}
	line("damaged rows", "passed over %s times since the start", grouped(d.SetAside))
	for _, i := range d.Interpreters {
		what := strings.TrimSpace(i.Version + "  " + clean(i.Path))
		if i.Lacks != "" {
			what += "  without " + i.Lacks
		}
		line("runtime", "%s  %s", i.Runtimes, cmp.Or(what, "from the function's package"))
	}
	for _, l := range d.Limits {
		if l.Value > 0 {
			line("limit", "%s %s", l.Name, grouped(int64(l.Value)))
		}
	}
	if c := d.Check; c != nil {
		for _, damage := range c.Damage {
			b.WriteString(damageLine(damage) + "\n")
		}
		b.WriteString(checkLine(c) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func megabytes(n uint64) string { return grouped(int64(n >> 20)) }
