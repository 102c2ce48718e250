package console

import (
	"context"
	"errors"
	"net/url"

	"radiograph"
	"radiograph/filter"
)

// filterBox is the form that takes a filter expression.
type filterBox struct {
	Expression string
	Keep       [][2]string // other members of the address, name and value
	Clear      string      // the address without the expression; "" when there is none
	Problem    *filterProblem
}

// filterProblem shows what is wrong with the expression, and at which character.
type filterProblem struct {
	Reason            string
	Before, At, After string // At is a blank when something is missing at the end
}

// newFilterBox builds the form for an address.
func newFilterBox(q url.Values) filterBox {
	b := filterBox{Expression: q.Get("filter")}
	if b.Expression != "" {
		b.Clear = address("/traces", without(q, "filter", "token"))
	}
	for _, name := range sortedKeys(q) {
		if name == "filter" || name == "token" {
			continue
		}
		for _, v := range q[name] {
			b.Keep = append(b.Keep, [2]string{name, v})
		}
	}
	return b
}

// read is the filter of the box. A wrong expression gives no filter and fills
// Problem.
func (b *filterBox) read(ctx context.Context, g Groups, t radiograph.Tenant) (radiograph.Filter, error) {
	f, err := g.Filter(ctx, t, b.Expression)
	var wrong *filter.InvalidError
	if !errors.As(err, &wrong) {
		return f, err
	}
	p := &filterProblem{Reason: wrong.Reason, At: "\u00a0"}
	chars := []rune(b.Expression)
	at := min(wrong.Position-1, len(chars))
	p.Before = string(chars[:at])
	if at < len(chars) {
		p.At, p.After = string(chars[at]), string(chars[at+1:])
	}
	b.Problem = p
	return nil, nil
}
