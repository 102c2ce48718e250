package lambda

import (
	"encoding/json"

	"radiograph"
)

// maxCause bounds a cause within a segment: it stands in the function segment,
// its Invocation and, for events, in each Attempt, and a document has 64 KB.
const maxCause = 12 << 10

// cause is a segment's cause block.
type cause struct {
	WorkingDirectory string           `json:"working_directory,omitempty"`
	Paths            []string         `json:"paths,omitempty"`
	Exceptions       []causeException `json:"exceptions,omitempty"`
}

type causeException struct {
	ID        radiograph.SegmentID `json:"id"`
	Message   string               `json:"message,omitempty"`
	Type      string               `json:"type,omitempty"`
	Truncated int                  `json:"truncated,omitempty"`
	Stack     []causeFrame         `json:"stack,omitempty"`
}

type causeFrame struct {
	Path  string `json:"path,omitempty"`
	Line  *int   `json:"line,omitempty"` // Node sends null for native frames
	Label string `json:"label,omitempty"`
}

// readCause turns the X-Ray cause a runtime posted into a segment's: exceptions
// get ids, and long stacks are cut. It returns nil when nothing usable came.
func readCause(posted []byte) []byte {
	if len(posted) == 0 {
		return nil
	}
	var in struct {
		cause
		Message    string `json:"message"`
		Exceptions []struct {
			Message string       `json:"message"`
			Type    string       `json:"type"`
			Stack   []causeFrame `json:"stack"`
		} `json:"exceptions"`
	}
	if json.Unmarshal(posted, &in) != nil {
		return nil
	}
	out := cause{WorkingDirectory: in.WorkingDirectory, Paths: in.Paths}
	for _, e := range in.Exceptions {
		out.Exceptions = append(out.Exceptions, causeException{ID: radiograph.NewSegmentID(), Message: e.Message, Type: e.Type, Stack: e.Stack})
	}
	if len(out.Exceptions) == 0 && in.Message != "" {
		out.Exceptions = []causeException{{ID: radiograph.NewSegmentID(), Message: in.Message}}
	}
	if len(out.Exceptions) == 0 && len(out.Paths) == 0 && out.WorkingDirectory == "" {
		return nil
	}
	return out.fit()
}

// fit spells c within maxCause, giving up what tells least first: the deeper
// half of each stack again and again, then paths, the later exceptions, and the
// ends of long texts.
func (c *cause) fit() []byte {
	for {
		text, err := json.Marshal(c)
		if err != nil {
			return nil
		}
		if len(text) <= maxCause {
			return text
		}
		longest := 0
		for i := range c.Exceptions {
			longest = max(longest, len(c.Exceptions[i].Stack))
		}
		switch {
		case longest > 1:
			for i := range c.Exceptions {
				e := &c.Exceptions[i]
				if keep := max(longest/2, 1); len(e.Stack) > keep {
					e.Truncated += len(e.Stack) - keep
					e.Stack = e.Stack[:keep]
				}
			}
		case len(c.Paths) > 0:
			c.Paths = nil
		case len(c.Exceptions) > 1:
			c.Exceptions = c.Exceptions[:(len(c.Exceptions)+1)/2]
		case longest == 1:
			c.Exceptions[0].Truncated++
			c.Exceptions[0].Stack = nil
		case len(c.Exceptions) == 0:
			c.WorkingDirectory = cut(c.WorkingDirectory, maxText)
			return marshal(c)
		default:
			e := &c.Exceptions[0]
			e.Message, e.Type = cut(e.Message, maxText), cut(e.Type, maxText)
			c.WorkingDirectory = cut(c.WorkingDirectory, maxText)
			return marshal(c)
		}
	}
}

// maxText bounds a text of a cause that must be cut: even when each byte needs
// six to be spelled, a cause stays a document's lesser part.
const maxText = 512

func marshal(c *cause) []byte {
	text, err := json.Marshal(c)
	if err != nil {
		return nil
	}
	return text
}

// cut keeps at most n bytes of s, whole characters only.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
