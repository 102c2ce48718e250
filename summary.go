package radiograph

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
)

// ServiceID names a node of the service graph.
type ServiceID struct {
	Name    string
	Type    string    // origin, "remote", "client", "AWS::DynamoDB::Table", ...; "unknown" without one
	Account AccountID // empty when no document tells it; then it is the tenant's
}

// Summary is what GetTraceSummaries tells of one trace. Package trace derives it
// from the merged trace.
type Summary struct {
	ID       TraceID
	Start    Timestamp // earliest segment start
	End      Timestamp // latest known end
	Revision int

	// IndexTime is what TimeRangeType TraceId queries use: the id's epoch if it
	// lies within −24 h and +5 min of the first document's start, else the
	// earliest start.
	IndexTime Timestamp

	Duration     Timestamp // nanoseconds: latest end − earliest start, over all segments
	ResponseTime Timestamp // nanoseconds: root end − root start; −1 while the root is in progress or absent

	HasFault, HasError, HasThrottle bool
	IsPartial                       bool

	HTTP       HTTP // the root's request and status
	EntryPoint *ServiceID

	Annotations       []SummaryAnnotation // by key, then value
	Users             []SummaryUser
	ServiceIDs        []ServiceID
	ResourceARNs      []string
	InstanceIDs       []string
	AvailabilityZones []string

	FaultRootCauses        []RootCause
	ErrorRootCauses        []RootCause
	ResponseTimeRootCauses []RootCause
}

// Time is the time that queries of a range type look at and sort by: IndexTime,
// Start, or End.
func (s *Summary) Time(rt TimeRangeType) Timestamp {
	switch rt {
	case ByEvent:
		return s.Start
	case ByService:
		return s.End
	}
	return s.IndexTime
}

// MayMatch reports whether the summary may lie in the query's range: true for
// every trace that does, and for few others. It is what a store decides with.
func (s *Summary) MayMatch(q SummaryQuery) bool {
	switch q.RangeType {
	case ByEvent, ByService:
		return s.Start < q.To && s.End >= q.From
	}
	return q.From <= s.IndexTime && s.IndexTime < q.To
}

// Decides reports whether the summary alone tells if the trace lies in the query's
// range, when MayMatch: which of its segments ended there it may not tell.
func (s *Summary) Decides(q SummaryQuery) bool {
	// Then End is a segment's, and MayMatch has seen that it is late enough.
	return q.RangeType != ByService || !s.IsPartial && s.End < q.To
}

// Position is a place in the order of summaries of one range type: newest
// first, then by trace id.
type Position struct {
	Time Timestamp
	ID   TraceID
}

// Position is where s stands among summaries of a range type.
func (s *Summary) Position(rt TimeRangeType) Position { return Position{s.Time(rt), s.ID} }

// Compare is negative when p comes before q in a listing.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(q.Time, p.Time), bytes.Compare(p.ID[:], q.ID[:]))
}

// Token spells a position as the opaque token of SummaryQuery and SummaryPage.
func (p Position) Token() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.Time))
	return base64.RawURLEncoding.EncodeToString(append(b, p.ID[:]...))
}

// ParsePosition reads a token. A token that Token did not write is an Error of
// KindInvalid.
func ParsePosition(token string) (Position, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 24 {
		return Position{}, Errorf(KindInvalid, "NextToken is not valid")
	}
	return Position{Timestamp(binary.BigEndian.Uint64(b)), TraceID(b[8:])}, nil
}

// SummaryAnnotation is one distinct value of a key and the services that set it.
type SummaryAnnotation struct {
	Key        string
	Value      Value
	ServiceIDs []ServiceID
}

// SummaryUser is one user and the services that named it.
type SummaryUser struct {
	Name       string
	ServiceIDs []ServiceID
}

// RootCause is one path from the root service down to the culprit.
type RootCause struct {
	ClientImpacting bool
	Services        []RootCauseService
}

// RootCauseService is one service on the path.
type RootCauseService struct {
	ServiceID
	Inferred bool
	Entities []RootCauseEntity
}

// RootCauseEntity is one segment or subsegment on the path.
type RootCauseEntity struct {
	Name       string
	Remote     bool
	Coverage   float64     // response time causes: share of the root's response time
	Exceptions []Exception // fault and error causes
}

// TimeRangeType says which time of a trace a query's range is about.
type TimeRangeType uint8

// The range types of GetTraceSummaries. All ranges are half-open.
const (
	ByTraceID TimeRangeType = iota // IndexTime in range
	ByEvent                        // the trace was active in range
	ByService                      // a segment ended in range
)

// SummaryQuery asks for traces of one tenant.
type SummaryQuery struct {
	From, To  Timestamp // half-open
	RangeType TimeRangeType
	Limit     int    // traces per page; 0: the default
	Token     string // the position an earlier page ended at; "" for the first
	// FixedRate keeps a stable share of traces, chosen by a hash of the trace id;
	// 0 and 1 keep all.
	FixedRate float64
	// PartialScan looks only at traces whose Time lies in a stable share of the
	// slices of time; 0 and 1 look at all.
	PartialScan float64
	// Filter is what the traces are to be; nil wants all.
	Filter Filter
	// Preselect lets a store leave out traces that Filter does not want, as far as
	// it can tell, when their summaries decide that they lie in the range.
	// CountSummaries counts those too.
	Preselect bool
}

// SummaryPage is one page, newest first.
type SummaryPage struct {
	Summaries       []*Summary
	TracesProcessed int64
	ApproximateTime Timestamp // the start of this page
	Token           string    // "" on the last page
}
