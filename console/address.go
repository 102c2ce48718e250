package console

import (
	"maps"
	"net/url"
	"slices"
)

// address joins a path and a query.
func address(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// without copies a query and leaves names out.
func without(q url.Values, names ...string) url.Values {
	v := make(url.Values, len(q))
	for name, values := range q {
		if !slices.Contains(names, name) {
			v[name] = slices.Clone(values)
		}
	}
	return v
}

// with copies a query and sets one name.
func with(q url.Values, name, value string) url.Values {
	v := without(q, name)
	v.Set(name, value)
	return v
}

func sortedKeys(q url.Values) []string { return slices.Sorted(maps.Keys(q)) }

// tracePath is the address of a trace's page.
func tracePath(id string) string { return "/traces/" + url.PathEscape(id) }

// functionPath is the address of a function's page.
func functionPath(name string) string { return "/functions/" + url.PathEscape(name) }
