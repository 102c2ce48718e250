package filter_test

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strings"
)

// The oracle derives from raw documents, with nothing of the program, what
// filter expressions may ask. It is brute force over encoding/json.

// rawEntity is one segment or subsegment.
type rawEntity struct {
	ID          string
	TraceID     string `json:"trace_id"`
	ParentID    string `json:"parent_id"`
	Type        string
	Name        string
	Namespace   string
	Origin      string
	User        string
	ResourceARN string  `json:"resource_arn"`
	StartTime   float64 `json:"start_time"`
	EndTime     *float64
	RawEnd      *float64 `json:"end_time"`
	Error       *bool
	Fault       *bool
	Throttle    *bool
	HTTP        struct {
		Request struct {
			Method, URL string
			UserAgent   string `json:"user_agent"`
			ClientIP    string `json:"client_ip"`
			Traced      bool
		}
		Response struct{ Status int }
	}
	AWS struct {
		AccountID string `json:"account_id"`
		TableName string `json:"table_name"`
		EC2       struct {
			InstanceID       string `json:"instance_id"`
			AvailabilityZone string `json:"availability_zone"`
		}
	}
	SQL         map[string]any
	Annotations map[string]any
	Cause       struct {
		Exceptions []rawException
	}
	Subsegments []*rawEntity

	// derived
	sub, orphan, inferred bool
	parent, segment       *rawEntity
	callees               []*rawEntity
	service               rawService
}

type rawException struct {
	Type, Message string
	Remote        bool
}

type rawService struct{ name, kind, account string }

// rawTrace is all of one trace.
type rawTrace struct {
	segments []*rawEntity // with inferred ones, without orphans
	orphans  []*rawEntity
	all      []*rawEntity // entities of documents
	root     *rawEntity
}

func (e *rawEntity) open() bool    { return e.RawEnd == nil }
func (e *rawEntity) startMS() int  { return int(math.Round(e.StartTime * 1000)) }
func (e *rawEntity) endMS() int    { return int(math.Round(*e.RawEnd * 1000)) }
func (e *rawEntity) length() int   { return max(0, e.endMS()-e.startMS()) }
func (e *rawEntity) stated() bool  { return e.Error != nil || e.Fault != nil || e.Throttle != nil }
func (e *rawEntity) status() int   { return e.HTTP.Response.Status }
func is(b *bool) bool              { return b != nil && *b }
func (e *rawEntity) isError() bool { return e.flag(e.Error, e.status() >= 400 && e.status() < 500) }
func (e *rawEntity) isFault() bool { return e.flag(e.Fault, e.status() >= 500) }
func (e *rawEntity) isThrottle() bool {
	return e.flag(e.Throttle, e.status() == 429)
}

func (e *rawEntity) isOK() bool {
	return !e.open() && !e.isError() && !e.isFault() && !e.isThrottle()
}

func (e *rawEntity) flag(stated *bool, derived bool) bool {
	if e.stated() {
		return is(stated)
	}
	return derived
}

// readRaw reads the documents of a trace.
func readRaw(docs [][]byte) *rawTrace {
	t := &rawTrace{}
	byID := make(map[string]*rawEntity)
	var walk func(e, parent, segment *rawEntity)
	walk = func(e, parent, segment *rawEntity) {
		e.sub = parent != nil || e.Type == "subsegment"
		e.parent, e.segment = parent, segment
		byID[e.ID] = e
		t.all = append(t.all, e)
		sortRaw(e.Subsegments)
		for _, s := range e.Subsegments {
			walk(s, e, segment)
		}
	}
	for _, d := range docs {
		e := &rawEntity{}
		if err := json.Unmarshal(d, e); err != nil {
			panic(err)
		}
		walk(e, nil, e)
		if e.sub {
			e.orphan = true
			t.orphans = append(t.orphans, e)
		} else {
			t.segments = append(t.segments, e)
		}
	}
	sortRaw(t.segments)
	for _, s := range t.segments {
		if p := byID[s.ParentID]; p != nil {
			s.parent = p
			p.callees = append(p.callees, s)
		}
		s.service = rawService{s.Name, cmp.Or(s.Origin, "unknown"), accountOf(s)}
		if t.root == nil && (s.parent == nil || s.parent.segment.orphan) {
			t.root = s
		}
	}
	for _, e := range t.all {
		if e.sub && !e.open() && len(e.callees) == 0 && !e.HTTP.Request.Traced && (e.Namespace == "aws" || e.Namespace == "remote") {
			c := *e
			c.inferred, c.sub, c.parent, c.Subsegments, c.Annotations, c.User = true, false, e, nil, nil, ""
			c.Cause.Exceptions, c.callees = nil, nil
			c.segment = &c
			c.service = inferredService(e)
			e.callees = []*rawEntity{&c}
			t.segments = append(t.segments, &c)
		}
	}
	return t
}

func sortRaw(list []*rawEntity) {
	slices.SortFunc(list, func(a, b *rawEntity) int {
		return cmp.Or(cmp.Compare(a.startMS(), b.startMS()), cmp.Compare(a.ID, b.ID))
	})
}

const oracleAccount = "000000000000"

func accountOf(e *rawEntity) string {
	if e.AWS.AccountID != "" {
		return e.AWS.AccountID
	}
	if parts := strings.Split(e.ResourceARN, ":"); len(parts) > 5 && parts[4] != "" {
		return parts[4]
	}
	return oracleAccount
}

func inferredService(e *rawEntity) rawService {
	s := rawService{name: e.Name, account: accountOf(e)}
	switch {
	case e.Namespace == "remote" && e.SQL != nil:
		s.kind = "Database::SQL"
	case e.Namespace == "remote":
		s.kind = "remote"
	case e.AWS.TableName != "":
		s.name, s.kind = e.AWS.TableName, "AWS::DynamoDB::Table"
	default:
		s.name = map[string]string{"DynamoDB": "DynamoDB", "dynamodb": "DynamoDB", "S3": "S3", "shop": "shop", "pay": "pay"}[e.Name]
		s.kind = "AWS::" + s.name
	}
	return s
}

// rawCall is one request along an edge.
type rawCall struct {
	from, to rawService
	seen     *rawEntity // what the caller saw
	callee   *rawEntity
}

func (t *rawTrace) calls() []rawCall {
	var out []rawCall
	for _, s := range t.segments {
		if s == t.root {
			client := s.service
			client.kind = "client"
			out = append(out, rawCall{client, s.service, s, s})
		}
		if s.parent == nil || s.parent.segment.orphan {
			continue
		}
		seen := s
		if s.parent.sub {
			seen = s.parent
		}
		out = append(out, rawCall{s.parent.segment.service, s.service, seen, s})
	}
	return out
}

func (t *rawTrace) extent() int {
	first, last := math.MaxInt, 0
	for _, s := range slices.Concat(t.segments, t.orphans) {
		first, last = min(first, s.startMS()), max(last, s.startMS())
		if !s.open() {
			last = max(last, s.endMS())
		}
	}
	return last - first
}

func (t *rawTrace) partial() bool {
	return t.root == nil || slices.ContainsFunc(t.segments, (*rawEntity).open) ||
		slices.ContainsFunc(t.all, func(e *rawEntity) bool { return e.sub && e.HTTP.Request.Traced && len(e.callees) == 0 })
}

func (t *rawTrace) users() []string {
	var out []string
	for _, e := range slices.Concat(t.segments, t.orphans) {
		out = append(out, e.User)
	}
	return out
}

// each collects one member of every entity.
func (t *rawTrace) each(of func(*rawEntity) string) []string {
	var out []string
	for _, e := range t.all {
		out = append(out, of(e))
	}
	return out
}

// rawStep is one entity on the path of a root cause.
type rawStep struct {
	*rawEntity
	coverage float64
}

// rawCause is a path folded into services.
type rawCause struct {
	impacting bool
	services  []rawCauseService
}

type rawCauseService struct {
	rawService
	inferred bool
	steps    []rawStep
}

func (e *rawEntity) remote() bool {
	return e.sub && (e.Namespace == "aws" || e.Namespace == "remote") ||
		slices.ContainsFunc(e.Cause.Exceptions, func(x rawException) bool { return x.Remote })
}

func fold(path []rawStep) []rawCauseService {
	var out []rawCauseService
	for _, p := range path {
		if !p.sub && (len(out) == 0 || out[len(out)-1].rawService != p.service) {
			out = append(out, rawCauseService{rawService: p.service, inferred: p.inferred})
		}
		last := &out[len(out)-1]
		last.steps = append(last.steps, p)
	}
	return out
}

// flagged finds each deepest entity that has the flag, along flagged ones.
func (t *rawTrace) flagged(has func(*rawEntity) bool) []rawCause {
	var out []rawCause
	var walk func(path []rawStep)
	walk = func(path []rawStep) {
		at := path[len(path)-1]
		leaf := true
		for _, next := range slices.Concat(at.Subsegments, at.callees) {
			if has(next) {
				leaf = false
				walk(append(slices.Clone(path), rawStep{rawEntity: next}))
			}
		}
		if leaf && has(at.rawEntity) && len(out) < 10 {
			out = append(out, rawCause{has(t.root), fold(path)})
		}
	}
	if t.root != nil {
		walk([]rawStep{{rawEntity: t.root}})
	}
	return out
}

// slow follows the longest child while it has three tenths of the root's time.
func (t *rawTrace) slow() []rawCause {
	if t.root == nil || t.root.open() || t.root.length() == 0 {
		return nil
	}
	share := func(e *rawEntity) float64 {
		if e.open() {
			return 0
		}
		return float64(e.length()) / float64(t.root.length())
	}
	path := []rawStep{{t.root, 1}}
	for {
		var next *rawEntity
		at := path[len(path)-1]
		for _, c := range slices.Concat(at.Subsegments, at.callees) {
			if next == nil || share(c) > share(next) {
				next = c
			}
		}
		if next == nil || share(next) < 0.3 {
			break
		}
		path = append(path, rawStep{next, min(1, share(next))})
	}
	return []rawCause{{!t.root.open() && (t.root.isError() || t.root.isFault() || t.root.isThrottle()), fold(path)}}
}
