package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"radiograph"
)

// minBar is the narrowest time axis, in columns.
const minBar = 10

// A waterfall draws a timeline as text: a tree of names with type, status and
// duration, and a bar for each on one shared time axis.
type waterfall struct {
	screen screen
	zone   *time.Location // of the start time in the heading
}

// row is a timeline's row as text, before it is cut to the columns.
type row struct {
	*radiograph.TimelineRow
	tree, stem             string // the lines before its name, and before its message
	name, kind             string
	status, duration, note string
}

// write draws the timeline.
func (w waterfall) write(out io.Writer, tl *radiograph.Timeline) error {
	rows := w.rows(tl)
	nameWidth, statusWidth, durationWidth := 0, 0, len("0 ms")
	for _, r := range rows {
		nameWidth = max(nameWidth, textWidth(r.tree+r.label()))
		statusWidth = max(statusWidth, textWidth(r.status))
		durationWidth = max(durationWidth, textWidth(r.duration))
	}
	// The names get at most half of the line; the bars get what is left.
	fixed := statusWidth + durationWidth + 3*2
	nameWidth = min(nameWidth, max(w.screen.width/2, 20), max(w.screen.width-fixed-minBar, 8))
	barWidth := max(w.screen.width-fixed-nameWidth, minBar)
	indent := strings.Repeat(" ", nameWidth+fixed)

	var b strings.Builder
	b.WriteString(w.heading(tl) + "\n")
	b.WriteString(indent + w.screen.paint(dim, axis(tl.End.Sub(tl.Start), barWidth)) + "\n")
	for _, r := range rows {
		colour := statusColour(r.Status)
		label := fit(r.tree+r.label(), nameWidth)
		line := w.paintLabel(label, &r) + strings.Repeat(" ", max(nameWidth-textWidth(label), 0)) +
			"  " + w.screen.paint(colour, pad(r.status, statusWidth)) +
			"  " + padLeft(r.duration, durationWidth) +
			"  " + w.screen.paint(colour, bar(tl, r.TimelineRow, barWidth))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		if r.note != "" {
			note := fit(r.stem+"! "+r.note, w.screen.width)
			b.WriteString(w.screen.paint(colour, note) + "\n")
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// heading is the line above: id, start, duration and the root's status, which is
// the trace's in every list; then what went worse below it.
func (w waterfall) heading(tl *radiograph.Timeline) string {
	status, inside := timelineStatus(tl)
	text := w.screen.paint(bold, "trace "+tl.ID.String()) + "  " +
		tl.Start.Time().In(w.zone).Format(time.DateTime) + "  " +
		formatDuration(tl.End.Sub(tl.Start)) + "  " + w.screen.paint(statusColour(status), status)
	if inside != status {
		text += ", " + w.screen.paint(statusColour(inside), inside+" inside")
	}
	return text
}

// timelineStatus is the status of the root, and the worst one of any segment: a
// fault over a throttle over an error.
func timelineStatus(tl *radiograph.Timeline) (root, worst string) {
	rank := map[string]int{"OK": 0, "Pending": 1, "Error": 2, "Throttle": 3, "Fault": 4}
	for _, r := range tl.Rows {
		if root == "" {
			root, worst = r.Status, r.Status
		}
		if r.Segment && !r.Inferred && rank[r.Status] > rank[worst] {
			worst = r.Status
		}
	}
	return root, worst
}

// rows prepares the text of each row.
func (w waterfall) rows(tl *radiograph.Timeline) []row {
	rows := make([]row, len(tl.Rows))
	// open tells for each depth whether another row of that depth follows under
	// the same parent; it is known by walking from the end.
	var open []bool
	for i := len(tl.Rows) - 1; i >= 0; i-- {
		r := &tl.Rows[i]
		hasChild := len(open) > r.Depth+1 && open[r.Depth+1]
		for len(open) <= r.Depth {
			open = append(open, false)
		}
		var tree strings.Builder
		for d := 1; d < r.Depth; d++ {
			tree.WriteString(pick(open[d], "│ ", "  "))
		}
		stem := tree.String()
		if r.Depth > 0 {
			stem += pick(open[r.Depth], "│ ", "  ")
			tree.WriteString(pick(open[r.Depth], "├ ", "└ "))
		}
		stem += pick(hasChild, "│ ", "  ")
		open = open[:r.Depth+1]
		open[r.Depth] = true

		rows[i] = row{TimelineRow: r, tree: tree.String(), stem: stem, name: clean(r.Name), kind: clean(r.Type), status: r.Status, note: clean(r.Message)}
		if r.Type == "unknown" { // X-Ray's word for a segment without an origin
			rows[i].kind = ""
		}
		if r.HTTPStatus != 0 {
			rows[i].status = strconv.Itoa(r.HTTPStatus) + " " + r.Status
		}
		if !r.InProgress {
			rows[i].duration = formatDuration(r.End.Sub(r.Start))
		}
		if r.Inferred {
			rows[i].kind = strings.TrimPrefix(rows[i].kind+", inferred", ", ")
		}
		if r.Replaced {
			rows[i].kind = strings.TrimPrefix(rows[i].kind+", stale parent", ", ")
		}
	}
	return rows
}

// label is name and type as the row shows them.
func (r *row) label() string {
	if r.kind == "" {
		return r.name
	}
	return r.name + "  " + r.kind
}

// paintLabel dims the tree's lines and the type of a label that may have been
// cut.
func (w waterfall) paintLabel(label string, r *row) string {
	if !w.screen.colour || !strings.HasPrefix(label, r.tree+r.name) {
		return label
	}
	return w.screen.paint(dim, r.tree) + pick(r.Segment, w.screen.paint(bold, r.name), r.name) +
		w.screen.paint(dim, label[len(r.tree)+len(r.name):])
}

// bar is the row's time on the axis, to half a column; it is never empty. A row
// that still runs reaches to the end in a lighter shade.
func bar(tl *radiograph.Timeline, r *radiograph.TimelineRow, width int) string {
	total := max(int64(tl.End-tl.Start), 1)
	halves := int64(2 * width)
	at := func(t radiograph.Timestamp) int64 {
		offset := min(max(int64(t-tl.Start), 0), total)
		// In floating point, since nanoseconds of a long trace times columns
		// could overflow; a bar needs three digits.
		return int64(float64(offset)/float64(total)*float64(halves) + 0.5)
	}
	from, to := at(r.Start), at(r.End)
	full := "█"
	if r.InProgress {
		to, full = halves, "░"
	}
	from = min(from, halves-1)
	to = max(to, from+1)
	var b strings.Builder
	for cell := from / 2 * 2; cell < to; cell += 2 {
		left, right := cell >= from, cell+1 < to
		switch {
		case left && right:
			b.WriteString(full)
		case left:
			b.WriteString("▌")
		default:
			b.WriteString("▐")
		}
	}
	return strings.Repeat(" ", int(from/2)) + b.String()
}

// axis is the scale above the bars: its start, its middle where there is room,
// and its end.
func axis(total time.Duration, width int) string {
	start, middle, end := "0", formatDuration(total/2), formatDuration(total)
	b := []rune(strings.Repeat(" ", max(width, textWidth(end))))
	put := func(at int, text string) { copy(b[at:], []rune(text)) }
	put(len(b)-textWidth(end), end)
	if width > textWidth(end)+len(start) {
		put(0, start)
	}
	if width >= textWidth(middle)*2+textWidth(end)*2 {
		put((width-textWidth(middle))/2, middle)
	}
	return string(b)
}

// formatDuration writes three significant digits in the unit people read:
// 350 µs, 4.25 ms, 180 ms, 1.25 s, 2m05s.
func formatDuration(d time.Duration) string {
	scale := func(unit time.Duration, name string) string {
		v := float64(d) / float64(unit)
		digits := 2
		if v >= 99.95 {
			digits = 0
		} else if v >= 9.995 {
			digits = 1
		}
		return strconv.FormatFloat(v, 'f', digits, 64) + " " + name
	}
	switch {
	case d <= 0:
		return "0 ms"
	case d < 999500*time.Nanosecond:
		return fmt.Sprintf("%d µs", max(d.Round(time.Microsecond).Microseconds(), 1))
	case d < 999500*time.Microsecond:
		return scale(time.Millisecond, "ms")
	case d < 59950*time.Millisecond:
		return scale(time.Second, "s")
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

func pick(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
