package awsapi

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// formNode is a form as a tree: Tags.member.1.Key=a is Tags → member → 1 → Key.
type formNode struct {
	value    string
	set      bool
	children map[string]*formNode
}

// maxFormDepth bounds the dots of a key.
const maxFormDepth = 16

func formTree(form url.Values) (*formNode, error) {
	root := &formNode{}
	for key, values := range form {
		if strings.Count(key, ".") > maxFormDepth {
			return nil, &malformedError{Path: fmt.Sprintf("%.60s", key), Offset: -1, What: "too many parts"}
		}
		n := root
		for part := range strings.SplitSeq(key, ".") {
			child := n.children[part]
			if child == nil {
				if n.children == nil {
					n.children = make(map[string]*formNode)
				}
				child = &formNode{}
				n.children[part] = child
			}
			n = child
		}
		n.value, n.set = values[len(values)-1], true
	}
	return root, nil
}

// decodeForm reads the query protocol's form into the structure v. Keys that the
// shape does not have are ignored.
func decodeForm(form url.Values, s *Shape, v reflect.Value) error {
	root, err := formTree(form)
	if err != nil {
		return err
	}
	return decodeNode(root, s, v, "")
}

func decodeNode(n *formNode, s *Shape, v reflect.Value, path string) error {
	if s.pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	wrong := func(what string) error { return &malformedError{Path: path, Offset: -1, What: what} }
	switch s.Type {
	case Structure:
		for _, m := range s.Members {
			if child := n.children[m.WireName]; child != nil {
				at := m.WireName
				if path != "" {
					at = path + "." + at
				}
				if err := decodeNode(child, m.Shape, v.Field(m.index), at); err != nil {
					return err
				}
			}
		}
		return nil
	case List:
		list := reflect.MakeSlice(v.Type(), 0, 4)
		members := n.children["member"]
		for i := 1; members != nil; i++ {
			child := members.children[strconv.Itoa(i)]
			if child == nil {
				break
			}
			e := reflect.New(v.Type().Elem()).Elem()
			if err := decodeNode(child, s.Elem, e, path+".member."+strconv.Itoa(i)); err != nil {
				return err
			}
			list = reflect.Append(list, e)
		}
		v.Set(list)
		return nil
	case Map:
		m := reflect.MakeMap(v.Type())
		entries := n.children["entry"]
		for i := 1; entries != nil; i++ {
			child := entries.children[strconv.Itoa(i)]
			if child == nil || child.children["key"] == nil || child.children["value"] == nil {
				break
			}
			e := reflect.New(v.Type().Elem()).Elem()
			if err := decodeNode(child.children["value"], s.Elem, e, path+".entry."+strconv.Itoa(i)); err != nil {
				return err
			}
			m.SetMapIndex(reflect.ValueOf(child.children["key"].value).Convert(v.Type().Key()), e)
		}
		v.Set(m)
		return nil
	}
	if !n.set {
		return wrong("a structure where a value is wanted")
	}
	if what := setScalar(s, v, n.value); what != "" {
		return wrong(what)
	}
	return nil
}

// setScalar sets v from the text of a label, parameter, header or form value. It
// returns what is wrong with the text, or "".
func setScalar(s *Shape, v reflect.Value, text string) string {
	switch s.Type {
	case String:
		text = strings.ToValidUTF8(text, "\uFFFD")
		if s.text {
			v.SetBytes([]byte(text))
		} else {
			v.SetString(text)
		}
	case Blob:
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return "not base64"
		}
		v.SetBytes(b)
	case Boolean:
		switch strings.ToLower(text) {
		case "true":
			v.SetBool(true)
		case "false":
			v.SetBool(false)
		default:
			return fmt.Sprintf("%.40q is not a boolean", text)
		}
	case Integer:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Sprintf("%.40q is not a %d-bit integer", text, v.Type().Bits())
		}
		v.SetInt(n)
	case Double:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Sprintf("%.40q is not a number", text)
		}
		v.SetFloat(f)
	case Time:
		ts, ok := parseTime(text)
		if !ok {
			return fmt.Sprintf("%.40q is not a time", text)
		}
		setTime(v, ts)
	default:
		return "a value where a " + s.Type.String() + " is wanted"
	}
	return ""
}
