package lambda

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"unicode/utf8"

	"radiograph"
)

// Bounds of tags (the Lambda model, and the guide's page on tags).
const (
	maxTags        = 50
	maxTagKey      = 128
	maxTagValue    = 256
	tagPatternText = `([\p{L}\p{Z}\p{N}_.:/=+\-@]*)`
)

var tagPattern = regexp.MustCompile(`^` + tagPatternText + `$`)

// checkTags refuses keys and values that no resource may have, and more tags than
// one may have.
func checkTags(tags map[string]string) error {
	var v violations
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value := tags[key]
		if key == "" || utf8.RuneCountInString(key) > maxTagKey || !tagPattern.MatchString(key) {
			v.add(cut(key, maxTagKey), "tags", "Map keys must satisfy constraint: [Member must have length less than or equal to %d, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: %s]", maxTagKey, tagPatternText)
		}
		if utf8.RuneCountInString(value) > maxTagValue || !tagPattern.MatchString(value) {
			v.add(cut(value, maxTagValue), "tags", "Map value must satisfy constraint: [Member must have length less than or equal to %d, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: %s]", maxTagValue, tagPatternText)
		}
	}
	if err := v.err(); err != nil {
		return err
	}
	if len(tags) > maxTags {
		return invalidParameter("Number of tags exceeds resource tag limit.")
	}
	return nil
}

// Tags are a function's tags.
func (s *Service) Tags(ctx context.Context, t radiograph.Tenant, name string) (map[string]string, error) {
	f, err := s.Function(ctx, t, name, "")
	if err != nil {
		return nil, err
	}
	return f.Tags, nil
}

// ChangeTags sets some tags of a function and takes others away. Nothing else of
// it changes, its revision neither.
func (s *Service) ChangeTags(ctx context.Context, t radiograph.Tenant, name string, set map[string]string, remove []string) error {
	if err := checkTags(set); err != nil {
		return err
	}
	e, err := s.lockEntry(ctx, t, name)
	if err != nil {
		return err
	}
	defer s.changes.Unlock()
	f := clone(e.latest.fn)
	if f.Tags == nil {
		f.Tags = map[string]string{}
	}
	maps.Copy(f.Tags, set)
	for _, key := range remove {
		delete(f.Tags, key)
	}
	if err := checkTags(f.Tags); err != nil {
		return err
	}
	change, err := store(f, &e.history)
	if err != nil {
		return err
	}
	if err := s.cfg.State.Apply(ctx, change); err != nil {
		return err
	}
	s.registry.mu.Lock()
	e.latest = &version{fn: f, ready: e.latest.ready, fleet: e.latest.fleet}
	s.registry.mu.Unlock()
	return nil
}
