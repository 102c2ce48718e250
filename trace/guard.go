package trace

import "radiograph"

// Guard names the entities of a record that DoorLambda wrote already in the
// trace as it stands (nil: nothing stands) and that the record, which came by
// another door, cannot alter. Merge leaves them out by itself, also when
// DoorLambda writes later; Guard is how a store tells.
func Guard(t *radiograph.Trace, rec *radiograph.Record) []radiograph.Refused {
	if t == nil || rec.Door == radiograph.DoorLambda {
		return nil
	}
	var out []radiograph.Refused
	var walk func(e *radiograph.Entity)
	walk = func(e *radiograph.Entity) {
		if n := t.Nodes[e.ID]; n != nil && n.Door == radiograph.DoorLambda && !madeHere(n) {
			out = append(out, radiograph.Refused{Record: rec, ID: e.ID})
		}
		for _, c := range e.Children {
			walk(c)
		}
	}
	walk(rec.Root)
	return out
}
