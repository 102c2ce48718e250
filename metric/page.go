// Package metric writes the Prometheus text exposition format, version 0.0.4.
//
// Numbers enter, a page leaves. Families keep the order they are begun in; the
// package keeps nothing between pages but what a [Histogram] has observed.
package metric

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// ContentType is the media type of a page.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Page is a page in the making.
type Page struct{ b bytes.Buffer }

// Bytes are the page so far.
func (p *Page) Bytes() []byte { return p.b.Bytes() }

// Family is the samples of one name.
type Family struct {
	page *Page
	name string
}

// Counter begins a family of numbers that only grow; its name ends in _total.
func (p *Page) Counter(name, help string) Family { return p.family(name, "counter", help) }

// Gauge begins a family of numbers that come and go.
func (p *Page) Gauge(name, help string) Family { return p.family(name, "gauge", help) }

// Histogram begins a family of histograms.
func (p *Page) Histogram(name, help string) Family { return p.family(name, "histogram", help) }

func (p *Page) family(name, kind, help string) Family {
	help = strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help)
	p.b.WriteString("# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n")
	return Family{p, name}
}

// Add writes a sample. labels are names and values in turn.
func (f Family) Add(value float64, labels ...string) { f.sample("", value, labels) }

// AddHistogram writes what a histogram has observed.
func (f Family) AddHistogram(h *Histogram, labels ...string) {
	buckets, count, sum := h.read()
	labels = append(labels[:len(labels):len(labels)], "le", "")
	for i, n := range buckets {
		labels[len(labels)-1] = strconv.FormatFloat(Bounds[i].Seconds(), 'g', -1, 64)
		f.sample("_bucket", float64(n), labels)
	}
	labels[len(labels)-1] = "+Inf"
	f.sample("_bucket", float64(count), labels)
	labels = labels[:len(labels)-2]
	f.sample("_sum", sum.Seconds(), labels)
	f.sample("_count", float64(count), labels)
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (f Family) sample(suffix string, value float64, labels []string) {
	b := &f.page.b
	b.WriteString(f.name + suffix)
	for i := 0; i < len(labels); i += 2 {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(labels[i] + `="` + escape.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD")) + `"`)
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	b.WriteByte(' ')
	if value == math.Trunc(value) && math.Abs(value) < 1<<53 { // exact, and no exponent
		b.WriteString(strconv.FormatInt(int64(value), 10))
	} else {
		b.WriteString(strconv.FormatFloat(value, 'g', -1, 64))
	}
	b.WriteByte('\n')
}
