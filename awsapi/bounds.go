package awsapi

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxViolations bounds how many members one answer complains about.
const maxViolations = 10

// checkBounds compares an input with the bounds in its tags. It returns the text
// that AWS services send, or "" when all is well:
//
//	1 validation error detected: Value 'active' at 'tracingConfig.mode' failed to
//	satisfy constraint: Member must satisfy enum value set: [Active, PassThrough]
func checkBounds(s *Shape, v reflect.Value) string {
	var c checker
	c.structure(s, v, "")
	if len(c.found) == 0 {
		return ""
	}
	plural := "s"
	if len(c.found) == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d validation error%s detected: %s", len(c.found), plural, strings.Join(c.found, "; "))
}

type checker struct{ found []string }

func (c *checker) add(value, path, constraint string, args ...any) {
	if len(c.found) < maxViolations {
		c.found = append(c.found, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, path, fmt.Sprintf(constraint, args...)))
	}
}

func (c *checker) structure(s *Shape, v reflect.Value, path string) {
	for _, m := range s.Members {
		at := lowerFirst(m.Name)
		if path != "" {
			at = path + "." + at
		}
		c.member(m, v.Field(m.index), at)
	}
}

func (c *checker) member(m *Member, v reflect.Value, path string) {
	if isAbsent(m.Shape, v) {
		if m.Required {
			c.add("null", path, "Member must not be null")
		}
		return
	}
	if m.Shape.pointer {
		v = v.Elem()
	}
	c.scalar(m, m.Shape, v, path, m.Min, m.Max)
	c.inside(m, m.Shape, v, path)
}

// isAbsent tells a member that did not come. An empty string counts as absent
// unless the member is a pointer; so does no number, since required ones are
// pointers.
func isAbsent(s *Shape, v reflect.Value) bool {
	switch {
	case s.pointer:
		return v.IsNil()
	case s.Type == List, s.Type == Map, s.Type == Blob:
		return v.IsNil()
	case s.Type == String:
		return v.Len() == 0
	}
	return s.Type >= Boolean && v.IsZero()
}

// inside checks what a structure, list or map holds.
func (c *checker) inside(m *Member, s *Shape, v reflect.Value, path string) {
	switch s.Type {
	case Structure:
		c.structure(s, v, path)
	case List:
		if s.texts {
			return
		}
		for i := range v.Len() {
			at := path + "." + strconv.Itoa(i+1) + ".member"
			e := v.Index(i)
			if s.Elem.pointer {
				if e.IsNil() {
					continue
				}
				e = e.Elem()
			}
			c.scalar(&Member{Enum: m.Enum, pattern: m.pattern, Pattern: m.Pattern}, s.Elem, e, at, m.EachMin, m.EachMax)
			c.inside(m, s.Elem, e, at)
		}
	case Map:
		if s.Elem.Type != Structure {
			return
		}
		for _, key := range sortedKeys(v) {
			c.inside(m, s.Elem, v.MapIndex(key), path+"."+key.String()+".member")
		}
	}
}

// scalar checks a value by itself.
func (c *checker) scalar(m *Member, s *Shape, v reflect.Value, path string, least, most *float64) {
	switch s.Type {
	case String:
		if s.text {
			return
		}
		str := v.String()
		shown := "'" + shorten(str) + "'"
		if len(m.Enum) > 0 && !slices.Contains(m.Enum, str) {
			c.add(shown, path, "Member must satisfy enum value set: [%s]", strings.Join(m.Enum, ", "))
		}
		n := utf8.RuneCountInString(str)
		tooLong := most != nil && float64(n) > *most // then a pattern would take long to say no
		if m.pattern != nil && !tooLong && !m.pattern.MatchString(str) {
			c.add(shown, path, "Member must satisfy regular expression pattern: %s", m.Pattern)
		}
		c.length(shown, path, n, least, most)
	case List, Map, Blob:
		c.length(fmt.Sprintf("'(%d entries)'", v.Len()), path, v.Len(), least, most)
	case Integer:
		c.value(strconv.FormatInt(v.Int(), 10), path, float64(v.Int()), least, most)
	case Double:
		c.value(strconv.FormatFloat(v.Float(), 'g', -1, 64), path, v.Float(), least, most)
	}
}

func (c *checker) length(shown, path string, n int, least, most *float64) {
	if least != nil && float64(n) < *least {
		c.add(shown, path, "Member must have length greater than or equal to %g", *least)
	}
	if most != nil && float64(n) > *most {
		c.add(shown, path, "Member must have length less than or equal to %.0f", *most)
	}
}

func (c *checker) value(shown, path string, n float64, least, most *float64) {
	if least != nil && (n < *least || math.IsNaN(n)) {
		c.add("'"+shown+"'", path, "Member must have value greater than or equal to %g", *least)
	}
	if most != nil && n > *most {
		c.add("'"+shown+"'", path, "Member must have value less than or equal to %.0f", *most)
	}
}

// shorten keeps a client's own text out of the answer beyond what helps.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

func lowerFirst(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}
