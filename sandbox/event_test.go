package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

func line(s string) radiograph.EnvironmentEvent {
	return radiograph.EnvironmentEvent{Kind: radiograph.LogLine, Payload: []byte(s)}
}

func TestEventsKeepTheirOrder(t *testing.T) {
	q := newEventQueue()
	const n = 10 * eventBuffer
	go func() {
		for i := range n {
			q.emit(line(strconv.Itoa(i)))
		}
		q.close()
	}()
	i := 0
	for ev := range q.ch {
		if string(ev.Payload) != strconv.Itoa(i) {
			t.Fatalf("got %s, want %d", ev.Payload, i)
		}
		i++
	}
	if i != n {
		t.Errorf("%d of %d events", i, n)
	}
	q.emit(line("late")) // nothing
}

// TestLineFlood: lines beyond the bound are counted, other events never lost.
func TestLineFlood(t *testing.T) {
	q := newEventQueue()
	const n = 100_000
	text := strings.Repeat("x", 1000)
	for range n {
		q.emit(line(text))
	}
	q.mu.Lock()
	if q.bytes > lineMemory {
		t.Errorf("%d bytes wait", q.bytes)
	}
	q.mu.Unlock()
	q.emit(radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse})
	q.emit(radiograph.EnvironmentEvent{Kind: radiograph.EnvironmentExited})
	q.close()
	lines, lost := 0, 0
	var others []radiograph.EnvironmentEventKind
	for ev := range q.ch {
		switch {
		case ev.Kind != radiograph.LogLine:
			others = append(others, ev.Kind)
		case string(ev.Payload) == text:
			lines++
		default:
			if _, err := fmt.Sscanf(string(ev.Payload), "radiograph: %d log lines were dropped", &lost); err != nil {
				t.Fatalf("%.100s", ev.Payload)
			}
		}
	}
	if lines+lost != n || lost == 0 || lines < eventBuffer {
		t.Errorf("%d lines and %d lost of %d", lines, lost, n)
	}
	if d := cmp.Diff([]radiograph.EnvironmentEventKind{radiograph.RuntimeResponse, radiograph.EnvironmentExited}, others); d != "" {
		t.Error(d)
	}
}

// TestNobodyReads: the queue lets go after the grace, and a reader who is only
// slow gets everything.
func TestNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newEventQueue()
		for i := range 2 * eventBuffer {
			q.emit(line(strconv.Itoa(i)))
		}
		q.close()
		begin := time.Now()
		q.pumps.Wait()
		if took := time.Since(begin); took != readerGrace {
			t.Errorf("it took %v", took)
		}

		q = newEventQueue()
		for i := range 2 * eventBuffer {
			q.emit(line(strconv.Itoa(i)))
		}
		q.close()
		n := 0
		for range q.ch {
			n++
			time.Sleep(readerGrace / 2) // of the bubble's clock
		}
		if n != 2*eventBuffer {
			t.Errorf("a slow reader got %d events", n)
		}

		q = newEventQueue()
		for i := range 2 * eventBuffer {
			q.emit(line(strconv.Itoa(i)))
		}
		q.abandon() // before close
		q.close()
	})
}

func TestLogLines(t *testing.T) {
	long := strings.Repeat("y", maxLine)
	for _, c := range []struct {
		name   string
		writes []string
		want   []string
	}{
		{"lines", []string{"a\nb\n", "c\n"}, []string{"a", "b", "c"}},
		{"in pieces", []string{"a", "b", "c\nd", "\n"}, []string{"abc", "d"}},
		{"empty lines", []string{"\n\na\n"}, []string{"", "", "a"}},
		{"unfinished", []string{"a\nb"}, []string{"a", "b"}},
		{"carriage returns stay", []string{"a\r\n"}, []string{"a\r"}},
		{"as long as allowed", []string{long + "\nz\n"}, []string{long, "z"}},
		{"longer", []string{long + "yy", "\nz\n"}, []string{long, "yy", "z"}},
		{"far longer", []string{long + long + "q\n"}, []string{long, long, "q"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			p, w, err := newLogPipe(func(b []byte) { got = append(got, string(b)) })
			if err != nil {
				t.Fatal(err)
			}
			read := make(chan struct{})
			go func() { defer close(read); p.run() }()
			for _, s := range c.writes {
				if _, err := w.WriteString(s); err != nil {
					t.Fatal(err)
				}
			}
			w.Close()
			<-read
			p.close()
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%.500s", d)
			}
		})
	}
}
