package radiograph

import "fmt"

// Door is the way a document came in. No other door replaces or alters an
// entity that DoorLambda wrote: code cannot touch the function segment.
type Door uint8

// The doors.
const (
	DoorAPI         Door = iota // PutTraceSegments, and the daemon outside functions
	DoorLambda                  // Lambda's own two segments
	DoorEnvironment             // the daemon inside a function's environment
	DoorFront                   // the HTTP front
	DoorOTLP                    // OpenTelemetry
)

var doorNames = [...]string{"api", "lambda", "environment", "front", "otlp"}

// String names the door.
func (d Door) String() string {
	if int(d) < len(doorNames) {
		return doorNames[d]
	}
	return "unknown"
}

// ParseDoor reads a door's name.
func ParseDoor(name string) (Door, error) {
	for i, n := range doorNames {
		if n == name {
			return Door(i), nil
		}
	}
	return 0, fmt.Errorf("there is no door %.40q", name)
}

// Stamp is what an environment's daemon adds to a document: the Invocation that
// was running when it came. Merge uses it to place documents of an SDK that kept
// the parent of the invocation before. The zero Stamp says nothing.
type Stamp struct {
	Trace      TraceID
	Invocation SegmentID
}

// Entity is one segment or subsegment of a decoded document. It is immutable
// once decoded, and may be shared between goroutines. Its strings may share
// memory with the document.
type Entity struct {
	ID         SegmentID
	Parent     SegmentID // the enclosing entity when nested, else the stated parent_id; zero: none
	Subsegment bool      // nested, or independent with type "subsegment"
	Nested     bool      // it came inside another entity's subsegments
	InProgress bool      // end_time absent
	Inferred   bool      // made by the service (or marked so in an imported document)

	Name        string
	Namespace   string // "aws", "remote", "local" or what was sent
	Origin      string // segments: AWS::Lambda, AWS::EC2::Instance, ...
	User        string
	ResourceARN string
	Start, End  Timestamp

	Error, Fault, Throttle bool // explicit flags, else what the HTTP status says

	HTTP        HTTP
	AWS         AWS
	SQL         bool // an sql block is present
	Annotations []Annotation
	Exceptions  []Exception
	CauseID     SegmentID // cause given as the id of another entity's exception; zero: none
	Links       []Link

	Children []*Entity // nested subsegments, in document order
	Body     []byte    // the entity's own JSON object, nested subsegments included; nil when inferred here
}

// HTTP is the http block. Empty strings and zero numbers are absent members.
type HTTP struct {
	Method, URL, UserAgent, ClientIP string
	Traced                           bool // the callee is traced: wait for it
	Status                           int
	ContentLength                    int64
}

// AWS is what the product reads of an aws block; the rest stays in the body.
type AWS struct {
	AccountID        string
	Operation        string
	Region           string
	RequestID        string
	FunctionARN      string
	FunctionName     string
	TableName        string
	QueueURL         string
	TopicARN         string
	BucketName       string
	InstanceID       string // ec2.instance_id
	AvailabilityZone string // ec2 or ecs
	SamplingRule     string // xray.sampling_rule_name or xray.rule_name
	ResourceNames    []string
}

// ValueKind is the type of an annotation value.
type ValueKind uint8

// The types an annotation may have.
const (
	StringValue ValueKind = iota
	NumberValue
	BooleanValue
)

// Value is an annotation's value: a string, a number or a boolean.
type Value struct {
	Kind   ValueKind
	String string
	Number float64
	Bool   bool
}

// Annotation is one indexed key and value.
type Annotation struct {
	Key   string
	Value Value
}

// Exception is one entry of a cause.
type Exception struct {
	ID            SegmentID
	Type, Message string
	Remote        bool
}

// Link ties a segment to one of another trace.
type Link struct {
	Trace   TraceID
	Segment SegmentID
	Type    string // "child" or "parent" of aws.xray.reserved.reference_type
}

// ToChild reports whether the link is to a segment that its own one caused; every
// other one is to a segment that caused it.
func (l Link) ToChild() bool { return l.Type == "child" }

// Record is one accepted document on its way into a store, or as a store keeps
// it: the document is the unit of writing, the pair (entity, Sequence) the unit
// of merging.
type Record struct {
	Trace    TraceID
	Sequence uint64 // given by the store, grows with every record; 0 before
	First    bool   // given by the store: its trace was not there before
	Door     Door
	Stamp    Stamp
	Received Timestamp
	Root     *Entity // the document's outermost entity
}

// Trace is the merge of all records of one trace: what a reader sees. Building
// it is the work of package trace; it is immutable once built.
type Trace struct {
	ID       TraceID
	Revision int // grows with every accepted change, starts at 1
	// Segments are the documents a reader gets: segments with their subsegments
	// folded in, then orphaned subsegments, then inferred segments; each group by
	// start, then end, then id.
	Segments []*Node
	// Nodes finds each entity of the trace by its id.
	Nodes map[SegmentID]*Node
	// Root is the segment nobody in the trace called: the earliest one whose
	// parent is absent or unknown. Nil while only orphans are there.
	Root *Node
	// Received is when the last of its records came.
	Received Timestamp
	// LimitExceeded is true when documents were left out because the trace is
	// over the size limit.
	LimitExceeded bool
}

// Node is an entity in its place in a merged trace.
type Node struct {
	*Entity
	Door     Door
	Parent   *Node   // the enclosing segment or subsegment; for a segment, the entity that called it; nil: none known
	Children []*Node // subsegments, by start, then end, then id
	Callee   []*Node // segments whose parent is this entity: what this call reached
	Segment  *Node   // the segment (or orphan) this node belongs to; itself for a segment
	Replaced bool    // placed elsewhere than its parent_id says, since that parent was stale
}
