// Outside is a plain program with the X-Ray SDK for Go: it sends segments by UDP
// to the daemon, and polls sampling rules from its TCP port, until one segment
// was sampled by a central rule. It prints that segment's trace id.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-xray-sdk-go/v2/xray"
	"github.com/aws/aws-xray-sdk-go/v2/xraylog"
)

// patience is for the rules to arrive and a second's reservoir to be free.
const patience = 15 * time.Second

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	xray.SetLogger(xraylog.NewDefaultLogger(os.Stderr, xraylog.LogLevelInfo)) // standard output is for the trace id
	for began := time.Now(); time.Since(began) < patience; time.Sleep(100 * time.Millisecond) {
		ctx, segment := xray.BeginSegment(context.Background(), "outside-go")
		err := xray.Capture(ctx, "work", func(ctx context.Context) error {
			if err := xray.AddAnnotation(ctx, "count", 3); err != nil {
				return err
			}
			return errors.New("on purpose")
		})
		if err == nil || err.Error() != "on purpose" {
			return fmt.Errorf("capture: %w", err)
		}
		segment.Close(nil)
		meta, _ := segment.GetAWS()["xray"].(xray.SDK)
		if segment.Sampled && meta.RuleName == "Default" {
			fmt.Println(segment.TraceID)
			return nil
		}
	}
	return fmt.Errorf("no segment was sampled by a central rule within %s", patience)
}
