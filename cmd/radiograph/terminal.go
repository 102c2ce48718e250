package main

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// Widths of text output, in columns. Wider bars than maxWidth are harder to
// read, not more exact.
const (
	plainWidth = 100 // not a terminal: logs, pipes, files
	minWidth   = 40
	maxWidth   = 160
)

// A screen is where text output goes: how wide it is and whether it takes
// colour.
type screen struct {
	width  int
	colour bool
}

// screenOf looks at w: a terminal has its own width and takes colour, unless
// NO_COLOR is set (https://no-color.org) or TERM is dumb. COLUMNS overrides the
// width.
func screenOf(w io.Writer) screen {
	s := screen{width: plainWidth}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			s.width = width
		}
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		s.width = n
	}
	s.width = min(max(s.width, minWidth), maxWidth)
	return s
}

// The colours used, as SGR parameters.
const (
	dim     = "2"
	bold    = "1"
	red     = "31"
	green   = "32"
	yellow  = "33"
	blue    = "34"
	magenta = "35"
)

// paint wraps text in a colour when the screen takes one.
func (s screen) paint(colour, text string) string {
	if !s.colour || colour == "" || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// statusColour is the colour of a trace's or row's status.
func statusColour(status string) string {
	switch status {
	case "Fault":
		return red
	case "Error":
		return yellow
	case "Throttle":
		return magenta
	case "Pending":
		return blue
	}
	return green
}

// clean makes text from a trace safe for a terminal: one line, no control
// characters, so that nothing recorded can move the cursor or recolour a shell.
func clean(text string) string {
	ok := func(r rune) bool { return unicode.IsPrint(r) && r != utf8.RuneError }
	if !strings.ContainsFunc(text, func(r rune) bool { return !ok(r) }) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if ok(r) {
			return r
		}
		return '·'
	}, text)
}

// cleanLog is clean for a line of a log, whose tabs are columns.
func cleanLog(line string) string {
	cells := strings.Split(line, "\t")
	for i := range cells {
		cells[i] = clean(cells[i])
	}
	return strings.Join(cells, "\t")
}

// fit cuts text to a number of columns, with an ellipsis where it cuts.
func fit(text string, columns int) string {
	if textWidth(text) <= columns {
		return text
	}
	if columns <= 0 {
		return ""
	}
	used := 0
	for i, r := range text {
		if used+runeWidth(r) > columns-1 {
			return text[:i] + "…"
		}
		used += runeWidth(r)
	}
	return text
}

// pad appends blanks up to a number of columns.
func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(columns-textWidth(text), 0))
}

// padLeft puts blanks before text up to a number of columns.
func padLeft(text string, columns int) string {
	return strings.Repeat(" ", max(columns-textWidth(text), 0)) + text
}

func textWidth(text string) int {
	n := 0
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

// wide are the blocks whose characters take two columns on a terminal (Unicode
// UAX #11, the wide ranges that occur in names).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1},
		{0x2e80, 0x303e, 1},
		{0x3041, 0x33ff, 1},
		{0x3400, 0x4dbf, 1},
		{0x4e00, 0x9fff, 1},
		{0xa000, 0xa4cf, 1},
		{0xac00, 0xd7a3, 1},
		{0xf900, 0xfaff, 1},
		{0xfe30, 0xfe6f, 1},
		{0xff00, 0xff60, 1},
	},
	R32: []unicode.Range32{{0x1f300, 0x1faff, 1}, {0x20000, 0x3fffd, 1}},
}

func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}
