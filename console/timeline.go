package console

import (
	"math"
	"regexp"
	"strconv"
	"time"

	"radiograph"
)

const (
	// rowsPerChunk is how many rows the browser lays out, or leaves out, together.
	rowsPerChunk = 100
	// maxTicks bounds the marks of the axis.
	maxTicks = 6
	// leastBar is the width of a bar too short to see, in percent.
	leastBar = 0.5
	// maxIndent is the deepest indentation that is drawn; deeper rows stay there.
	maxIndent = 24
)

// timelineView is a trace's rows on one axis.
type timelineView struct {
	Span   int64 // nanoseconds, for the ruler
	Ticks  []tick
	Chunks [][]timelineRow
	Rows   int
}

// tick is one mark of the axis.
type tick struct {
	At, Label string
	Last      bool // its label stands left of it
}

// timelineRow is one bar with what is written beside it.
type timelineRow struct {
	ID, Href   string
	Level      int
	Indent     int
	Segment    bool
	Inferred   bool
	Parent     bool // has rows below it that can be folded
	Selected   bool
	Name, Type string
	Status     status
	Code       string
	CodeClass  string
	Duration   string
	Offset     string
	Message    string
	Repeated   bool   // the row it lies in says the same: the message is on the status alone
	Kind       string // "dwell" for a wait, "lambda" for Lambda's own steps; else ""
	X, Width   string
	Open       bool // in progress: the bar has no end yet
	WaitX      string
	WaitWidth  string // the wait before a retry; "" without one
	Wait       string
	Replaced   bool
}

var attemptName = regexp.MustCompile(`^Attempt #\d+$`)

// drawTimeline places rows on the axis. href gives the address of a row's detail.
func drawTimeline(tl *radiograph.Timeline, selected radiograph.SegmentID, href func(id string) string) timelineView {
	span := max(tl.End-tl.Start, 1)
	v := timelineView{Span: int64(span), Ticks: ticks(time.Duration(span)), Rows: len(tl.Rows)}
	at := func(t radiograph.Timestamp) float64 { return 100 * float64(t-tl.Start) / float64(span) }
	lastAttempt := map[int]radiograph.Timestamp{} // depth → the end of the attempt before
	said := make([]string, 0, 16)                 // depth → the message of the row at hand
	chunk := make([]timelineRow, 0, rowsPerChunk)
	for i, row := range tl.Rows {
		id := row.ID.String()
		end := row.End
		if row.InProgress || end < row.Start {
			end = max(tl.End, row.Start)
		}
		x := at(row.Start)
		width := max(at(end)-x, leastBar)
		x = min(x, 100-leastBar)
		d := timelineRow{
			ID: id, Href: href(id), Level: row.Depth + 1, Indent: min(row.Depth, maxIndent),
			Segment: row.Segment, Inferred: row.Inferred, Selected: row.ID == selected && !selected.IsZero(),
			Parent: i+1 < len(tl.Rows) && tl.Rows[i+1].Depth > row.Depth,
			Name:   row.Name, Type: row.Type, Status: rowStatus(row.Status),
			Duration: formatDuration(row.End.Sub(row.Start)), Offset: formatDuration(row.Start.Sub(tl.Start)),
			Message: row.Message, Kind: rowKind(row), X: coordinate(x) + "%", Width: coordinate(width) + "%",
			Open: row.InProgress, Replaced: row.Replaced,
		}
		if row.InProgress {
			d.Duration = "–"
		}
		if row.HTTPStatus != 0 {
			d.Code, d.CodeClass = strconv.Itoa(row.HTTPStatus), codeClass(row.HTTPStatus)
		}
		for len(said) <= row.Depth {
			said = append(said, "")
		}
		said = said[:row.Depth+1]
		d.Repeated = row.Message != "" && row.Depth > 0 && said[row.Depth-1] == row.Message
		said[row.Depth] = row.Message
		for depth := range lastAttempt { // a row above ends the series of attempts below it
			if depth > row.Depth {
				delete(lastAttempt, depth)
			}
		}
		if !row.Segment && attemptName.MatchString(row.Name) {
			if before, ok := lastAttempt[row.Depth]; ok && row.Start > before {
				d.WaitX, d.WaitWidth = coordinate(at(before))+"%", coordinate(at(row.Start)-at(before))+"%"
				d.Wait = formatDuration(row.Start.Sub(before))
			}
			lastAttempt[row.Depth] = end
		}
		if len(chunk) == rowsPerChunk {
			v.Chunks = append(v.Chunks, chunk)
			chunk = make([]timelineRow, 0, rowsPerChunk)
		}
		chunk = append(chunk, d)
	}
	if len(chunk) > 0 {
		v.Chunks = append(v.Chunks, chunk)
	}
	return v
}

// rowKind sets waits and Lambda's own steps apart from the work of code.
func rowKind(row radiograph.TimelineRow) string {
	if row.Segment {
		return ""
	}
	switch row.Name {
	case "Dwell Time":
		return "dwell"
	case "Initialization", "Overhead", "Restore":
		return "lambda"
	}
	return ""
}

// coordinate writes a number for SVG, shortly.
func coordinate(v float64) string {
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}

// ticks marks a span at round times: 1, 2 or 5 times a power of ten
// nanoseconds, or of whole minutes for long ones.
func ticks(span time.Duration) []tick {
	step := tickStep(span)
	var out []tick
	for t := time.Duration(0); t <= span; t += step {
		share := float64(t) / float64(span)
		out = append(out, tick{At: percent(share), Label: formatDuration(t), Last: share > 0.9})
	}
	out[0].Label = "0"
	return out
}

func tickStep(span time.Duration) time.Duration {
	for unit := time.Duration(1); unit < 10*time.Minute; unit *= 10 {
		for _, m := range []time.Duration{1, 2, 5} {
			if span/(unit*m) < maxTicks {
				if step := unit * m; step < 20*time.Second {
					return step
				}
			}
		}
	}
	for _, step := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 24 * time.Hour} {
		if span/step < maxTicks {
			return step
		}
	}
	return span/maxTicks + 1
}
