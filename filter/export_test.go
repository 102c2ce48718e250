package filter

import "reflect"

// Same reports whether two expressions are equal part by part.
func Same(a, b *Expression) bool { return reflect.DeepEqual(a.term, b.term) }
