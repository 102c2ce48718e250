package radiograph

import (
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a tag: the X-Ray model, and the guide's page on tagging.
const (
	maxTagKeyLen   = 128
	maxTagValueLen = 256
)

// Tags are the tags of a resource. A value is changed by making a new one.
type Tags map[string]string

// With is t with more put over it, at most limit of them (see Limits.Tags). What
// X-Ray does not take is an Error of KindInvalid, or with Code
// TooManyTagsException.
func (t Tags) With(more Tags, limit int) (Tags, error) {
	for key, value := range more {
		switch {
		case !isTagText(key) || key == "" || utf8.RuneCountInString(key) > maxTagKeyLen:
			return nil, Errorf(KindInvalid, "Tag key %.*q must have 1 to %d letters, digits, spaces or any of _ . : / = + - @", maxTagKeyLen, key, maxTagKeyLen)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, Errorf(KindInvalid, "Tag key %q must not begin with aws:", key)
		case !isTagText(value) || utf8.RuneCountInString(value) > maxTagValueLen:
			return nil, Errorf(KindInvalid, "The value of tag %q must have at most %d letters, digits, spaces or any of _ . : / = + - @", key, maxTagValueLen)
		}
	}
	sum := make(Tags, len(t)+len(more))
	maps.Copy(sum, t)
	maps.Copy(sum, more)
	if Over(len(sum), limit) {
		e := Errorf(KindInvalid, "A resource has at most %d tags", limit)
		e.Code = "TooManyTagsException"
		return nil, e
	}
	return sum, nil
}

// Without is t without some keys; keys it does not have are no error.
func (t Tags) Without(keys []string) Tags {
	rest := maps.Clone(t)
	for _, key := range keys {
		delete(rest, key)
	}
	return rest
}

func isTagText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Z, r) && !strings.ContainsRune("_.:/=+-@", r)
	}) < 0
}
