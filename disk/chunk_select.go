package disk

import (
	"bytes"
	"cmp"
	"slices"

	"radiograph"
	"radiograph/filter"
)

// Each question comes in three steps of growing cost: the header, the lookup
// column, the columns themselves. All say too much rather than too little.

// mayHold reports whether a trace of the chunk may fulfil the condition.
func (h *chunkHeader) mayHold(c filter.Condition) bool {
	if flag, ok := flagOf(c.Field); ok && c.Join == filter.Single {
		if c.Value.Bool {
			return h.Some&flag != 0
		}
		return h.All&flag == 0
	}
	switch {
	case c.Join == filter.All:
		return every(c.Of, h.mayHold)
	case c.Join == filter.AnyOf:
		return some(c.Of, h.mayHold)
	case c.Field == filter.ResponseTime:
		return h.Response.mayHold(c, 0)
	case c.Field == filter.Duration:
		return h.Duration.mayHold(c, h.Duration.Min)
	}
	return true
}

// mayHold decides by the ends of a range of nanoseconds; values below least have
// no number.
func (b bounds) mayHold(c filter.Condition, least int64) bool {
	if b.Max < least {
		return false
	}
	low, high := seconds(max(b.Min, least)), seconds(b.Max)
	switch c.Operator {
	case filter.Equal:
		return low <= c.Value.Number && c.Value.Number <= high
	case filter.NotEqual:
		return low != high || low != c.Value.Number
	default: // of the ends, one is the likeliest
		return c.Operator.Number(low, c.Value.Number) || c.Operator.Number(high, c.Value.Number)
	}
}

// seconds is a length as filter compares it.
func seconds(ns int64) float64 { return float64(ns) / 1e9 }

func flagOf(f filter.Field) (byte, bool) {
	switch f {
	case filter.HasFault:
		return summaryFault, true
	case filter.HasError:
		return summaryError, true
	case filter.HasThrottle:
		return summaryThrottle, true
	case filter.IsPartial:
		return summaryPartial, true
	}
	return 0, false
}

func every(list []filter.Condition, holds func(filter.Condition) bool) bool {
	for _, c := range list {
		if !holds(c) {
			return false
		}
	}
	return true
}

func some(list []filter.Condition, holds func(filter.Condition) bool) bool {
	for _, c := range list {
		if holds(c) {
			return true
		}
	}
	return false
}

// mayHave decides by the values that are in the chunk.
func (b bloomFilter) mayHave(c filter.Condition) bool {
	switch {
	case c.Join == filter.All:
		return every(c.Of, b.mayHave)
	case c.Join == filter.AnyOf:
		return some(c.Of, b.mayHave)
	case c.Field == filter.Service:
		return c.Node.Name == "" || b.has(textTerm(serviceColumn, []byte(c.Node.Name)))
	case c.Operator != filter.Equal:
		return true
	case c.Field == filter.Annotation:
		return b.has(annotationTerm(c.Key, appendAnnotationValue(nil, c.Value)))
	}
	if column, ok := termColumns[c.Field]; ok {
		return b.has(textTerm(column, []byte(c.Value.String)))
	}
	return true
}

// termColumns are the fields whose values the lookup column knows.
var termColumns = map[filter.Field]int{
	filter.HTTPURL:      urlColumn,
	filter.HTTPClientIP: clientIPColumn,
	filter.User:         userColumn,
	filter.ResourceARN:  resourceColumn,
	filter.InstanceID:   instanceColumn,
}

// effort ranks conditions by what deciding them costs: what excludes all rows
// cheaply comes first.
func effort(c filter.Condition) int {
	_, flag := flagOf(c.Field)
	switch {
	case c.Join != filter.Single:
		return 3
	case flag:
		return 0
	case c.Field == filter.ResponseTime, c.Field == filter.Duration, c.Field == filter.Annotation && c.Operator == filter.Equal:
		return 1
	}
	return 2
}

// choose finds the rows that may fulfil the condition.
func (c *chunkReader) choose(cond filter.Condition) (*rowSet, error) {
	switch cond.Join {
	case filter.All:
		set := allRows(c.header.Rows)
		for _, part := range slices.SortedStableFunc(slices.Values(cond.Of), func(a, b filter.Condition) int { return cmp.Compare(effort(a), effort(b)) }) {
			rows, err := c.choose(part)
			if err != nil {
				return nil, err
			}
			if set.intersect(rows); *set == (rowSet{}) {
				break
			}
		}
		return set, nil
	case filter.AnyOf:
		set := &rowSet{}
		for _, part := range cond.Of {
			rows, err := c.choose(part)
			if err != nil {
				return nil, err
			}
			set.unite(rows)
		}
		return set, nil
	}
	if flag, ok := flagOf(cond.Field); ok {
		return c.chooseFlag(flag, cond.Value.Bool)
	}
	switch cond.Field {
	case filter.ResponseTime:
		return c.chooseTimes(c.responseTimes, cond, 0)
	case filter.Duration:
		return c.chooseTimes(func() ([]int64, error) { return c.integers(durationColumn) }, cond, -1<<63)
	case filter.Annotation:
		return c.chooseAnnotation(cond)
	}
	if member, ok := textMembers[cond.Field]; ok {
		return c.chooseTexts(member.column, func(f *fields) bool {
			s := &radiograph.Summary{}
			member.read(f, s)
			return cond.Holds(s)
		})
	}
	return allRows(c.header.Rows), nil
}

// textMembers are the fields in dictionaries. What they hold is decided once for
// each distinct value, on a summary that has that value and nothing else.
var textMembers = map[filter.Field]struct {
	column int
	read   func(f *fields, s *radiograph.Summary)
}{
	filter.HTTPStatus:       {statusColumn, func(f *fields, s *radiograph.Summary) { s.HTTP.Status = int(f.varint()) }},
	filter.HTTPURL:          {urlColumn, func(f *fields, s *radiograph.Summary) { s.HTTP.URL = f.rest() }},
	filter.HTTPMethod:       {methodColumn, func(f *fields, s *radiograph.Summary) { s.HTTP.Method = f.rest() }},
	filter.HTTPUserAgent:    {userAgentColumn, func(f *fields, s *radiograph.Summary) { s.HTTP.UserAgent = f.rest() }},
	filter.HTTPClientIP:     {clientIPColumn, func(f *fields, s *radiograph.Summary) { s.HTTP.ClientIP = f.rest() }},
	filter.User:             {userColumn, func(f *fields, s *radiograph.Summary) { s.Users = readList(f, (*fields).user) }},
	filter.AvailabilityZone: {zoneColumn, func(f *fields, s *radiograph.Summary) { s.AvailabilityZones = readList(f, (*fields).text) }},
	filter.InstanceID:       {instanceColumn, func(f *fields, s *radiograph.Summary) { s.InstanceIDs = readList(f, (*fields).text) }},
	filter.ResourceARN:      {resourceColumn, func(f *fields, s *radiograph.Summary) { s.ResourceARNs = readList(f, (*fields).text) }},
	filter.Service:          {serviceColumn, func(f *fields, s *radiograph.Summary) { s.ServiceIDs = readList(f, (*fields).serviceID) }},
}

func (c *chunkReader) chooseFlag(flag byte, want bool) (*rowSet, error) {
	flags, err := c.bytesColumn(flagColumn, 1)
	if err != nil {
		return nil, err
	}
	set := &rowSet{}
	for row, f := range flags {
		if (f&flag != 0) == want {
			set.set(row)
		}
	}
	return set, nil
}

// chooseTimes compares a column of nanoseconds; values below least have no
// number.
func (c *chunkReader) chooseTimes(read func() ([]int64, error), cond filter.Condition, least int64) (*rowSet, error) {
	list, err := read()
	if err != nil {
		return nil, err
	}
	set := &rowSet{}
	for row, v := range list {
		if v >= least && cond.Operator.Number(seconds(v), cond.Value.Number) {
			set.set(row)
		}
	}
	return set, nil
}

func (c *chunkReader) chooseTexts(column int, holds func(*fields) bool) (*rowSet, error) {
	d, err := c.dictionary(column)
	if err != nil {
		return nil, err
	}
	wanted, any := make([]bool, d.entries()), false
	for code := range wanted {
		f := &fields{b: d.entry(code)}
		if wanted[code] = holds(f); !f.ended() {
			return nil, c.bad(column)
		}
		any = any || wanted[code]
	}
	set := &rowSet{}
	for row := 0; any && row < d.values; row++ {
		if wanted[d.code(row)] {
			set.set(row)
		}
	}
	return set, nil
}

func (c *chunkReader) chooseAnnotation(cond filter.Condition) (*rowSet, error) {
	holds := func(key string, v radiograph.Value) bool {
		return cond.Holds(&radiograph.Summary{Annotations: []radiograph.SummaryAnnotation{{Key: key, Value: v}}})
	}
	lookup, err := c.lookup()
	if err != nil {
		return nil, err
	}
	set := &rowSet{}
	column, ok := slices.BinarySearch(lookup.keys, cond.Key)
	if !ok { // its values are in the shapes
		rows, shapes, err := c.annotationShapes()
		if err != nil {
			return nil, err
		}
		wanted := make([]bool, len(shapes))
		for code, shape := range shapes {
			wanted[code] = slices.ContainsFunc(shape, func(i shapeItem) bool { return i.key == cond.Key && holds(i.key, i.value) })
		}
		for row := range c.header.Rows {
			if wanted[rows.code(row)] {
				set.set(row)
			}
		}
		return set, nil
	}
	values, err := c.dictionary(keyColumn + column)
	if err != nil {
		return nil, err
	}
	wanted, any := make([]bool, values.entries()), false
	same := appendAnnotationValue(nil, cond.Value)
	for code := range wanted {
		if cond.Operator == filter.Equal && cond.Value.Kind != radiograph.NumberValue {
			wanted[code] = bytes.Equal(values.entry(code), same)
		} else {
			f := &fields{b: values.entry(code)}
			v := f.annotationValue()
			if !f.ended() {
				return nil, c.bad(keyColumn + column)
			}
			wanted[code] = holds(cond.Key, v)
		}
		any = any || wanted[code]
	}
	if !any {
		return set, nil
	}
	starts, _, err := c.startsOf(column)
	if err != nil {
		return nil, err
	}
	for row := range c.header.Rows {
		for i := starts[row]; i < starts[row+1]; i++ {
			if wanted[values.code(int(i))] {
				set.set(row)
				break
			}
		}
	}
	return set, nil
}
