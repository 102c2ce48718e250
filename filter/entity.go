package filter

import (
	"strings"

	"radiograph"
)

// entityID narrows a node of the service graph; what is empty is not asked. It
// is what service("name") and id() say.
type entityID struct{ name, kind, account string }

// entity reads id(), which stands by itself only in an entity selector.
func (p *parser) entity() (term, *InvalidError) {
	if !p.subset {
		return nil, invalid(p.tok.offset, "id() stands only within service() and edge()")
	}
	id, err := p.entityID()
	if err != nil {
		return nil, err
	}
	return serviceTest{id: id, bare: true}, nil
}

// argument reads a name or id(); neither is every node.
func (p *parser) argument() (entityID, *InvalidError) {
	switch {
	case p.tok.word("id"):
		return p.entityID()
	case p.tok.kind == stringToken, p.tok.kind == wordToken && !isReserved(p.tok.text):
		id := entityID{name: p.tok.text}
		p.advance()
		return id, nil
	}
	return entityID{}, nil
}

// entityID reads id(name: "…", type: "…", account.id: "…").
func (p *parser) entityID() (entityID, *InvalidError) {
	var id entityID
	p.advance()
	if err := p.expect("("); err != nil {
		return id, err
	}
	for {
		at := p.tok
		var into *string
		switch {
		case at.word("name"):
			into = &id.name
		case at.word("type"):
			into = &id.kind
		case at.word("account.id"):
			into = &id.account
		default:
			return id, p.unexpected("name, type or account.id")
		}
		if *into != "" {
			return id, invalid(at.offset, "%s stands twice in id()", strings.ToLower(at.text))
		}
		p.advance()
		if err := p.expect(":"); err != nil {
			return id, err
		}
		if p.tok.kind != stringToken && (p.tok.kind != wordToken || isReserved(p.tok.text)) || p.tok.text == "" {
			return id, p.unexpected("a string that is not empty")
		}
		*into = p.tok.text
		p.advance()
		if !p.accept(",") {
			return id, p.expect(")")
		}
	}
}

// is reports whether a node is what id says.
func (id entityID) is(s *subject, node radiograph.ServiceID) bool {
	return (id.name == "" || id.name == node.Name) &&
		(id.kind == "" || strings.EqualFold(id.kind, node.Type)) &&
		(id.account == "" || id.account == s.account(node))
}

// print appends the shortest spelling; nothing for every node.
func (id entityID) print(b []byte) []byte {
	if id.kind == "" && id.account == "" {
		if id.name == "" {
			return b
		}
		return appendString(b, id.name)
	}
	return id.printLong(b)
}

// printLong appends id().
func (id entityID) printLong(b []byte) []byte {
	b = append(b, "id("...)
	comma := ""
	for _, part := range [...]struct{ name, value string }{{"name", id.name}, {"type", id.kind}, {"account.id", id.account}} {
		if part.value != "" {
			b = append(append(append(b, comma...), part.name...), ": "...)
			b = appendString(b, part.value)
			comma = ", "
		}
	}
	return append(b, ')')
}

// lower wants a trace that passes the node.
func (id entityID) lower() Condition {
	if id.name == "" && id.kind == "" {
		return Condition{}
	}
	return Condition{Field: Service, Node: radiograph.ServiceID{Name: id.name, Type: id.kind}}
}
