package xray

import "radiograph"

type tag struct {
	Key   *string `required:"true" min:"1" max:"128"`
	Value *string `required:"true" max:"256"`
}

// newTags refuses a key that comes twice.
func newTags(list []tag) (radiograph.Tags, error) {
	tags := make(radiograph.Tags, len(list))
	for _, t := range list {
		if _, twice := tags[*t.Key]; twice {
			return nil, invalid("Tag key %q stands twice", *t.Key)
		}
		tags[*t.Key] = *t.Value
	}
	return tags, nil
}
