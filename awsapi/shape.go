package awsapi

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"radiograph"
)

// WireType is the model's type of a shape.
type WireType uint8

// The wire types.
const (
	Structure WireType = iota
	List
	Map
	String
	Blob
	Boolean
	Integer
	Double
	Time
)

var wireTypeNames = [...]string{"structure", "list", "map", "string", "blob", "boolean", "integer", "double", "timestamp"}

// String is the name the public service models use.
func (t WireType) String() string { return wireTypeNames[t] }

// Location is where a member of an input or output travels.
type Location uint8

// The locations.
const (
	InBody Location = iota
	InPath
	InQuery
	InHeader
	InStatus  // outputs only: the HTTP status
	InPayload // the whole body, as it is
)

// Text is a string member that is kept as bytes: for long ones that are handed
// on unread, such as segment documents. All Texts of one request share one
// allocation.
type Text []byte

// Shape describes a Go type on the wire. It is built once per type.
type Shape struct {
	Type    WireType
	Members []*Member // structures, in order of their fields
	Elem    *Shape    // element of a list, value of a map
	Go      reflect.Type

	pointer bool // Go is a pointer to the type proper
	text    bool // a Text
	texts   bool // a []Text: read without reflection
	appends bool // a JSONAppender: written without reflection
	byName  map[string]*Member
	payload *Member // structures: the member that is the whole body
	body    bool    // structures: at least one member travels in the body
}

// Member is one member of a structure, as its field's tags describe it.
type Member struct {
	Name     string // in the public model
	WireName string // key in the body, label, parameter or header name
	Location Location
	Shape    *Shape

	Required  bool
	OmitEmpty bool
	Min, Max  *float64 // of the value, or of the length of strings, lists and maps
	EachMin   *float64 // the same for the elements of a list
	EachMax   *float64
	Enum      []string
	Pattern   string // anchored at both ends

	index   int
	pattern *regexp.Regexp
}

var shapes sync.Map // reflect.Type → *Shape

// ShapeOf describes a structure by its fields' types and tags. Types: string
// kinds, [Text], []byte (base64 in JSON), bool, integers, float64,
// radiograph.Timestamp, time.Time, structures, slices, map[string]T, and
// pointers to these for members that can be absent. Tags:
//
//	name:"TraceIds"        the member's name, when it is not the field's
//	path:"FunctionName"    a label of the route
//	query:"Qualifier"      a query parameter
//	header:"X-Amz-Log-Type" a header
//	status:""              the answer's HTTP status
//	payload:""             the whole body, a []byte
//	omit:"empty"           outputs: leave out when empty; nil pointers always are
//	required:"true" min:"1" max:"64" enum:"A,B" pattern:"[a-z]+" eachmin: eachmax:
//
// In outputs lists are always written, empty as [], and maps as {}. Absent and
// null input members leave the field as it is: a list that came is never nil.
func ShapeOf(t reflect.Type) *Shape {
	s := shapeOf(t, map[reflect.Type]*Shape{})
	if s.Type != Structure || s.pointer {
		panic(fmt.Sprintf("awsapi: %s is not a structure", t))
	}
	return s
}

func shapeOf(t reflect.Type, building map[reflect.Type]*Shape) *Shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*Shape)
	}
	if s := building[t]; s != nil {
		return s // a recursive structure
	}
	s := &Shape{Go: t}
	building[t] = s
	base := t
	if t.Kind() == reflect.Pointer {
		s.pointer = true
		base = t.Elem()
	}
	switch {
	case base == reflect.TypeFor[radiograph.Timestamp](), base == reflect.TypeFor[time.Time]():
		s.Type = Time
	case base == reflect.TypeFor[Text]():
		s.Type, s.text = String, true
	case base.Kind() == reflect.Slice && base.Elem().Kind() == reflect.Uint8:
		s.Type = Blob
	case base.Kind() == reflect.Slice:
		s.Type, s.Elem = List, shapeOf(base.Elem(), building)
		s.texts = base == reflect.TypeFor[[]Text]()
		s.appends = base.Implements(reflect.TypeFor[JSONAppender]())
	case base.Kind() == reflect.Map && base.Key().Kind() == reflect.String:
		s.Type, s.Elem = Map, shapeOf(base.Elem(), building)
	case base.Kind() == reflect.String:
		s.Type = String
	case base.Kind() == reflect.Bool:
		s.Type = Boolean
	case base.Kind() == reflect.Int, base.Kind() == reflect.Int32, base.Kind() == reflect.Int64:
		s.Type = Integer
	case base.Kind() == reflect.Float64:
		s.Type = Double
	case base.Kind() == reflect.Struct:
		s.Type = Structure
		s.addMembers(base, building)
	default:
		panic(fmt.Sprintf("awsapi: %s cannot travel", t))
	}
	shapes.Store(t, s)
	return s
}

func (s *Shape) addMembers(t reflect.Type, building map[reflect.Type]*Shape) {
	s.byName = make(map[string]*Member, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			panic(fmt.Sprintf("awsapi: %s.%s is not exported", t, f.Name))
		}
		m := newMember(t, f, i, shapeOf(f.Type, building))
		s.Members = append(s.Members, m)
		switch m.Location {
		case InBody:
			s.body = true
			s.byName[m.WireName] = m
		case InPayload:
			s.payload = m
		}
	}
}

func newMember(t reflect.Type, f reflect.StructField, index int, shape *Shape) *Member {
	m := &Member{Name: f.Name, Shape: shape, index: index}
	if name := f.Tag.Get("name"); name != "" {
		m.Name = name
	}
	m.WireName = m.Name
	for tag, loc := range map[string]Location{"path": InPath, "query": InQuery, "header": InHeader, "status": InStatus, "payload": InPayload} {
		if v, ok := f.Tag.Lookup(tag); ok {
			m.Location = loc
			if v != "" {
				m.WireName = v
			}
		}
	}
	m.Required = f.Tag.Get("required") == "true"
	m.OmitEmpty = f.Tag.Get("omit") == "empty"
	m.Min, m.Max = bound(t, f, "min"), bound(t, f, "max")
	m.EachMin, m.EachMax = bound(t, f, "eachmin"), bound(t, f, "eachmax")
	if enum := f.Tag.Get("enum"); enum != "" {
		m.Enum = strings.Split(enum, ",")
	}
	if m.Pattern = f.Tag.Get("pattern"); m.Pattern != "" {
		m.pattern = regexp.MustCompile(`^(?:` + m.Pattern + `)$`)
	}
	valued := shape.Type >= Boolean || shape.Type == Structure
	if m.Required && valued && !shape.pointer {
		panic(fmt.Sprintf("awsapi: %s.%s is required and must be a pointer, to tell absent from zero", t, f.Name))
	}
	if shape.Type == Structure && !shape.pointer && slices.ContainsFunc(shape.Members, func(inner *Member) bool { return inner.Required }) {
		panic(fmt.Sprintf("awsapi: %s.%s can be absent, yet has required members: it must be a pointer", t, f.Name))
	}
	return m
}

func bound(t reflect.Type, f reflect.StructField, tag string) *float64 {
	v := f.Tag.Get(tag)
	if v == "" {
		return nil
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil {
		panic(fmt.Sprintf("awsapi: %s.%s: %s:%q is not a number", t, f.Name, tag, v))
	}
	return &n
}
