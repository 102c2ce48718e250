package trace

import "radiograph"

// Groups decides which groups a merged trace is in, by their expressions of now:
// by its summary where that is enough. groups come by ID; the answers do too.
// failed are the groups whose expression cannot be judged. account is the
// tenant's.
func Groups(groups []*radiograph.Group, t *radiograph.Trace, s *radiograph.Summary, account radiograph.AccountID) (in []radiograph.Membership, failed []radiograph.GroupID) {
	v := radiograph.FilterView{Summary: s, Account: account}
	for _, g := range groups {
		version := g.Current()
		if version.Filter == nil {
			failed = append(failed, g.ID)
			continue
		}
		verdict := version.Filter.Judge(&v)
		if verdict == radiograph.Undecided {
			v = *FilterView(t, s, account) // what a part decides, the whole decides alike
			verdict = version.Filter.Judge(&v)
		}
		if verdict == radiograph.Yes {
			in = append(in, radiograph.Membership{Group: g.ID, Version: version.Number})
		}
	}
	return in, failed
}
