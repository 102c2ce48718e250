package radiograph

import (
	"context"
	"iter"
)

// Document is one segment document on its way in.
type Document struct {
	Body  []byte // one JSON object (or, from the API, an array of subsegments)
	Stamp Stamp
}

// Rejection tells why one document was not stored. Index is its position in
// the batch.
type Rejection struct {
	Index   int
	ID      string // as the document spells it; "" when it has none
	Code    string // X-Ray's ErrorCode, such as MissingId
	Message string
}

// Sink is the one door in. Both methods check and decode each document by
// itself; a bad one is a Rejection and never fails its neighbours. After either
// returns without an error, trace, summary, graph and series show the accepted
// documents. The documents' bytes may be kept; the caller must not change them.
//
// An error means that nothing of the batch is promised; the caller may send it
// again, since writes are idempotent by (trace, id).
type Sink interface {
	// Put returns when the accepted documents are durable.
	Put(ctx context.Context, t Tenant, door Door, docs []Document) ([]Rejection, error)
	// Offer returns when they are visible; they are durable at the next group
	// commit, at most 100 ms later.
	Offer(ctx context.Context, t Tenant, door Door, docs []Document) ([]Rejection, error)
}

// TraceStore keeps traces. Its answers never cross tenants. What it returns is
// immutable and may be kept by the caller.
type TraceStore interface {
	// MatchGroups gives the store the groups of tenants, before the first Put.
	// Without it no trace is in a group. From then on each write judges the traces
	// it changes, as they are then, by the expressions that hold; the groups' sums
	// follow.
	MatchGroups(m GroupMatcher)
	// Put stores records, gives each its Sequence, and returns when they are
	// durable (or, with durable false, visible and soon durable). Of the records
	// of a trace that was not there, one gets First. A record equal to a stored
	// one changes nothing. It returns what was not taken.
	Put(ctx context.Context, t Tenant, recs []*Record, durable bool) ([]Refused, error)
	// Trace is the merge of all records of a trace, or nil when there are none.
	Trace(ctx context.Context, t Tenant, id TraceID) (*Trace, error)
	// Summaries yields summaries that may lie in the range (Summary.MayMatch), in
	// the order of Summary.Position; it may yield too many, never too few. Those
	// that stand before or at q.Token may be left out. Limit, FixedRate and
	// Filter are the caller's, who counts the traces that they leave out.
	// With Preselect, a store may leave some of those out itself.
	Summaries(ctx context.Context, t Tenant, q SummaryQuery) iter.Seq2[*Summary, error]
	// CountSummaries counts the traces in the range whose summaries decide that
	// (Summary.Decides), behind q.Token and not behind last, whatever Filter wants;
	// last nil: to the end. It costs far less than reading them.
	CountSummaries(ctx context.Context, t Tenant, q SummaryQuery, last *Position) (int64, error)
	// Contributions yields the stored sums that a query asks for, in no particular
	// order. Sums that have come to nothing may be left out.
	Contributions(ctx context.Context, t Tenant, q SumsQuery) iter.Seq2[*Contribution, error]
	// Linked yields, each once, the traces that edges of links may lie between: those
	// of the q.Limit latest that state links, and the traces that these name. It may
	// yield too many.
	Linked(ctx context.Context, t Tenant, q LinkQuery) iter.Seq2[*Trace, error]
}

// LinkQuery asks for traces that are linked to others.
type LinkQuery struct {
	Group    GroupID   // 0: of all traces; else both ends are in the group
	From, To Timestamp // in which the requests to the segments that were caused begin
	Limit    int       // of traces that state links
}

// SumsQuery asks for sums of contributions of one tenant: one for each minute,
// version of the group, and node or edge.
type SumsQuery struct {
	Group    GroupID   // 0: over all traces
	From, To Timestamp // minutes that begin in [From, To)
	// Total adds the minutes up; the answers' Minute is 0, and their histograms are
	// Coarse when the range is longer than FineWindow.
	Total bool
	// Chooses says of a contribution's node, edge and link whether it is wanted; nil
	// wants all.
	Chooses func(c *Contribution) bool
}

// Coarse reports whether the answers' histograms are.
func (q *SumsQuery) Coarse() bool { return q.Total && q.To-q.From > FineWindow }

// Refused is an entity a store did not take because DoorLambda wrote it first, or
// with Late a whole record that came when its trace could no longer change.
type Refused struct {
	Record *Record
	ID     SegmentID
	Late   bool
}

// State is the durable, ordered key-value space of the control plane: functions,
// versions, roles, the invocation queue. Keys are slash-separated paths that
// begin with their noun: "role/000000000000/name".
type State interface {
	// Get returns the value, or an Error of KindNotFound.
	Get(ctx context.Context, key string) ([]byte, error)
	// Scan yields all pairs whose key begins with prefix, in key order, of one
	// moment.
	Scan(ctx context.Context, prefix string) iter.Seq2[Pair, error]
	// Apply makes all changes at once; they are durable when it returns.
	Apply(ctx context.Context, changes ...Change) error
}

// Pair is one key and its value.
type Pair struct {
	Key   string
	Value []byte
}

// Change sets a key, or deletes it when Value is nil. Lazy changes need not be
// durable when Apply returns, when all changes of the call are lazy.
type Change struct {
	Key   string
	Value []byte
	Lazy  bool
}

// CodeStore keeps deployment packages by content. They are immutable.
type CodeStore interface {
	// PutCode stores a zip file and returns when it is durable. sum is the hex
	// SHA-256 of its bytes.
	PutCode(ctx context.Context, sum string, zip []byte) error
	// CodePath is the path of the stored zip file.
	CodePath(ctx context.Context, sum string) (string, error)
}
