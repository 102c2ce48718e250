package awsapi

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"radiograph"
)

type boundsInner struct {
	Key  string   `required:"true" min:"1"`
	Rate *float64 `min:"0" max:"1"`
}

type boundsInput struct {
	Name    string                 `required:"true" min:"2" max:"4" pattern:"[a-z]+"`
	Empty   *string                `required:"true" max:"2"`
	Count   *int32                 `required:"true" min:"1" max:"9"`
	Mode    string                 `enum:"Active,PassThrough"`
	Modes   []string               `enum:"a,b" max:"2" eachmax:"3"`
	Inner   *boundsInner           `name:"TracingConfig"`
	List    []boundsInner          `max:"2"`
	ByName  map[string]boundsInner `max:"3"`
	Blob    []byte                 `max:"3"`
	Zero    int                    `min:"5"` // not there, so not checked
	ISODate *radiograph.Timestamp
}

func valid() boundsInput {
	return boundsInput{Name: "abc", Empty: ptr(""), Count: ptr(int32(1))}
}

func TestCheckBounds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*boundsInput)
		want   []string
	}{
		{"valid", func(*boundsInput) {}, nil},
		{"absent", func(in *boundsInput) { *in = boundsInput{} }, []string{
			"3 validation errors detected: ", "Value null at 'name' failed to satisfy constraint: Member must not be null",
			"Value null at 'empty' failed", "Value null at 'count' failed",
		}},
		{"characters, not bytes, are counted", func(in *boundsInput) { in.Empty = ptr("éé") }, nil},
		{"too long", func(in *boundsInput) { in.Name = "abcde" }, []string{"1 validation error detected: Value 'abcde' at 'name' failed to satisfy constraint: Member must have length less than or equal to 4"}},
		{"too short", func(in *boundsInput) { in.Name = "a" }, []string{"Member must have length greater than or equal to 2"}},
		{"pattern is anchored", func(in *boundsInput) { in.Name = "ab1" }, []string{"Member must satisfy regular expression pattern: [a-z]+"}},
		{"too large", func(in *boundsInput) { in.Count = ptr(int32(10)) }, []string{"Value '10' at 'count' failed to satisfy constraint: Member must have value less than or equal to 9"}},
		{"too small", func(in *boundsInput) { in.Count = ptr(int32(0)) }, []string{"Member must have value greater than or equal to 1"}},
		{"enum", func(in *boundsInput) { in.Mode = "active" }, []string{"Value 'active' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [Active, PassThrough]"}},
		{"enum of elements", func(in *boundsInput) { in.Modes = []string{"a", "c"} }, []string{"Value 'c' at 'modes.2.member' failed"}},
		{"too many", func(in *boundsInput) { in.Modes = []string{"a", "b", "a"} }, []string{"at 'modes' failed to satisfy constraint: Member must have length less than or equal to 2"}},
		{"inside", func(in *boundsInput) { in.Inner = &boundsInner{Rate: ptr(1.5)} }, []string{"2 validation errors", "Value null at 'tracingConfig.key'", "Value '1.5' at 'tracingConfig.rate' failed"}},
		{"not a number", func(in *boundsInput) { in.Inner = &boundsInner{Key: "k", Rate: ptr(math.NaN())} }, []string{"Value 'NaN' at 'tracingConfig.rate'"}},
		{"inside a list", func(in *boundsInput) { in.List = []boundsInner{{Key: "k"}, {}} }, []string{"Value null at 'list.2.member.key'"}},
		{"inside a map", func(in *boundsInput) { in.ByName = map[string]boundsInner{"x": {}} }, []string{"Value null at 'byName.x.member.key'"}},
		{"blob", func(in *boundsInput) { in.Blob = []byte("1234") }, []string{"at 'blob' failed"}},
		{"long values are cut", func(in *boundsInput) { in.Name = strings.Repeat("é", 5000) }, []string{"..." + "' at 'name'"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := valid()
			tt.change(&in)
			got := checkBounds(ShapeOf(reflect.TypeFor[boundsInput]()), reflect.ValueOf(&in).Elem())
			if len(tt.want) == 0 && got != "" {
				t.Errorf("got %s", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
			if len(got) > 1000 {
				t.Errorf("%d characters", len(got))
			}
		})
	}
	many := boundsInput{Name: "abc", Empty: ptr(""), Count: ptr(int32(1)), List: make([]boundsInner, 100_000)}
	if got := checkBounds(ShapeOf(reflect.TypeFor[boundsInput]()), reflect.ValueOf(&many).Elem()); strings.Count(got, ";") != maxViolations-1 {
		t.Errorf("%.200s", got)
	}
}

// TestShapeMistakes checks that a table written wrong does not start.
func TestShapeMistakes(t *testing.T) {
	for name, typ := range map[string]reflect.Type{
		"not a structure":         reflect.TypeFor[string](),
		"unexported field":        reflect.TypeFor[struct{ a string }](),
		"type that cannot travel": reflect.TypeFor[struct{ C chan int }](),
		"required number": reflect.TypeFor[struct {
			N int `required:"true"`
		}](),
		"required structure": reflect.TypeFor[struct {
			S struct{ A string } `required:"true"`
		}](),
		"required inside an optional": reflect.TypeFor[struct{ S boundsInner }](),
		"bound that is no number": reflect.TypeFor[struct {
			S string `max:"many"`
		}](),
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("taken")
				}
			}()
			ShapeOf(typ)
		})
	}
}

func TestShape(t *testing.T) {
	type input struct {
		FunctionName string   `path:"FunctionName" required:"true" max:"64"`
		TraceIDs     []string `name:"TraceIds" eachmin:"1"`
		Qualifier    string   `query:"Qualifier"`
		LogType      string   `header:"X-Amz-Log-Type" enum:"None,Tail"`
		Payload      []byte   `payload:""`
	}
	type member struct {
		name, wire string
		location   Location
		kind       string
	}
	want := []member{
		{"FunctionName", "FunctionName", InPath, "string"},
		{"TraceIds", "TraceIds", InBody, "list"},
		{"Qualifier", "Qualifier", InQuery, "string"},
		{"LogType", "X-Amz-Log-Type", InHeader, "string"},
		{"Payload", "Payload", InPayload, "blob"},
	}
	s := ShapeOf(reflect.TypeFor[input]())
	for i, m := range s.Members {
		if got := (member{m.Name, m.WireName, m.Location, m.Shape.Type.String()}); got != want[i] {
			t.Errorf("got %+v, want %+v", got, want[i])
		}
	}
	if !s.Members[0].Required || *s.Members[0].Max != 64 || *s.Members[1].EachMin != 1 || len(s.Members[3].Enum) != 2 {
		t.Errorf("%+v", s.Members)
	}
}

// TestRouteConflicts checks that two operations on one route do not start.
func TestRouteConflicts(t *testing.T) {
	tree := &router{}
	svc := &Service{Name: "x"}
	add := func(spec string) (panicked bool) {
		defer func() { panicked = recover() != nil }()
		tree.add(spec, route{service: svc, unserved: &Unserved{Name: spec}})
		return
	}
	for _, tt := range []struct {
		spec     string
		conflict bool
	}{
		{"GET /a/{X}", false}, {"POST /a/{X}", false}, {"GET /a/{Y}", true}, {"GET /a/b", false}, {"GET /a/b/", true}, {"GET /a/{X}?find=1", false}, {"GET /a/{X}?find=2", false},
	} {
		if got := add(tt.spec); got != tt.conflict {
			t.Errorf("%s: conflict %v", tt.spec, got)
		}
	}
}
