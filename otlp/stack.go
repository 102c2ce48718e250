package otlp

import (
	"slices"
	"strconv"
	"strings"
)

// parseStack reads exception.stacktrace as the language writes it. The first
// exception is the recorded one, whose type and message the event tells; each
// further one is the cause of the one before. What is not understood is left
// out: a stack of text that a program wrote is never an error.
func parseStack(language, text string) []exception {
	if text == "" {
		return make([]exception, 1)
	}
	switch lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n"); language {
	case "java", "php": // PHP's SDK writes stacks as Java does
		return javaStack(lines)
	case "python":
		return pythonStack(lines)
	case "nodejs", "webjs", "javascript":
		return []exception{{frames: frames(lines, javascriptFrame)}}
	case "dotnet":
		return []exception{{frames: frames(lines, dotnetFrame)}}
	case "go":
		return []exception{{frames: goFrames(lines)}}
	}
	return make([]exception, 1)
}

// frames are those of the lines that hold one.
func frames(lines []string, parse func(line string) (frame, bool)) (list []frame) {
	for _, l := range lines {
		if f, ok := parse(l); ok {
			list = append(list, f)
		}
	}
	return list
}

// javaStack reads "\tat frame" lines and "Caused by: type: message" sections.
// Frames left out ("... 5 more") and suppressed exceptions, which stand one tab
// deeper, are passed over.
func javaStack(lines []string) []exception {
	list := make([]exception, 1)
	message := false // the lines now belong to the message of a cause
	for _, l := range lines {
		last := &list[len(list)-1]
		if f, ok := javaFrame(l); ok {
			last.frames, message = append(last.frames, f), false
			continue
		}
		if cause, ok := strings.CutPrefix(l, "Caused by: "); ok {
			last.wraps, message = true, true
			list = append(list, titled(cause))
			continue
		}
		if strings.HasPrefix(l, "\t") {
			message = false
		}
		if message && l != "" {
			last.message += "\n" + l
		}
	}
	return list
}

// titled splits "type: message".
func titled(s string) exception {
	kind, text, _ := strings.Cut(s, ":")
	return exception{kind: kind, message: strings.TrimPrefix(text, " ")}
}

func javaFrame(l string) (frame, bool) {
	l, ok := strings.CutPrefix(l, "\tat ")
	open := strings.IndexByte(l, '(')
	if !ok || open < 0 || !strings.HasSuffix(l, ")") {
		return frame{}, false
	}
	label := l[:open]
	// A class loader or module stands before the class: app//a.B.c, java.base/a.B.c.
	// A slash after a $ is in the name of a hidden class.
	for {
		before, after, found := strings.Cut(label, "/")
		if !found || strings.Contains(before, "$") {
			break
		}
		label = after
	}
	path, line, _ := strings.Cut(l[open+1:len(l)-1], ":")
	n, _ := strconv.Atoi(line) // absent for native methods
	return frame{path, n, label}, true
}

// Lines between the parts of a chained traceback, the earliest first.
const (
	pythonContext = "During handling of the above exception, another exception occurred:"
	pythonCause   = "The above exception was the direct cause of the following exception:"
)

// pythonStack reads tracebacks, whose innermost call and last exception stand at
// the end.
func pythonStack(lines []string) (list []exception) {
	end := len(lines)
	for i := len(lines) - 1; i >= -1; i-- {
		if i >= 0 && lines[i] != pythonContext && lines[i] != pythonCause {
			continue
		}
		list = append(list, pythonTraceback(lines[i+1:end]))
		end = max(i, 0)
	}
	for i := range list[:len(list)-1] {
		list[i].wraps = true
	}
	return list
}

func pythonTraceback(lines []string) exception {
	var x exception
	title := len(lines)
	for i, l := range lines {
		f, ok := pythonFrame(l)
		if !ok {
			continue
		}
		x.frames = append(x.frames, f)
		for title = i + 1; title < len(lines) && strings.HasPrefix(lines[title], " "); title++ {
		}
	}
	slices.Reverse(x.frames)
	named := titled(strings.TrimRight(strings.Join(lines[title:], "\n"), "\n"))
	x.kind, x.message = named.kind, named.message
	return x
}

// pythonFrame reads `  File "path", line 12, in label`.
func pythonFrame(l string) (frame, bool) {
	l, ok := strings.CutPrefix(strings.TrimLeft(l, " "), `File "`)
	path, rest, ok2 := strings.Cut(l, `", line `)
	line, label, _ := strings.Cut(rest, ", in ")
	n, err := strconv.Atoi(line)
	return frame{path, n, label}, ok && ok2 && err == nil
}

// javascriptFrame reads V8's "    at label (path:line:column)" or "    at
// path:line:column".
func javascriptFrame(l string) (frame, bool) {
	l, ok := strings.CutPrefix(strings.TrimLeft(l, " "), "at ")
	if !ok {
		return frame{}, false
	}
	label, path := "", l
	if open := strings.LastIndexByte(l, '('); open >= 0 && strings.HasSuffix(l, ")") {
		label, path = strings.TrimSuffix(l[:open], " "), l[open+1:len(l)-1]
	}
	// A path may have colons of its own: file:///app.js:1:2, node:internal/x:1:2.
	if before, column, ok := cutLast(path); ok && isNumber(column) {
		path = before
		if before, line, ok := cutLast(path); ok && isNumber(line) {
			n, _ := strconv.Atoi(line)
			return frame{before, n, label}, true
		}
	}
	return frame{path, 0, label}, true
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// dotnetFrame reads "   at label in path:line 12", whose path may be missing.
func dotnetFrame(l string) (frame, bool) {
	l, ok := strings.CutPrefix(strings.TrimLeft(l, " "), "at ")
	if !ok {
		return frame{}, false
	}
	label, path, _ := strings.Cut(l, " in ")
	n := 0
	if before, line, ok := cutLast(path); ok {
		if number, ok := strings.CutPrefix(line, "line "); ok {
			path = before
			n, _ = strconv.Atoi(strings.TrimSpace(number))
		}
	}
	return frame{path, n, label}, true
}

// goFrames reads pairs of lines, a call and then "\tpath:line +0x1f".
func goFrames(lines []string) (list []frame) {
	for i := 1; i < len(lines); i++ {
		place, ok := strings.CutPrefix(lines[i], "\t")
		if !ok {
			continue
		}
		place, _, _ = strings.Cut(place, " ")
		path, line, _ := cutLast(place)
		n, err := strconv.Atoi(line)
		if err == nil {
			list = append(list, frame{path, n, lines[i-1]})
		}
	}
	return list
}
