package settings

import (
	"context"

	"radiograph"
)

const destinationNoun = "destination"

// Destination says where X-Ray would send segments.
type Destination struct {
	Logs    bool   // to CloudWatch Logs, else kept by X-Ray
	KeyID   string // of the log group, with Logs
	Changed radiograph.Timestamp
	Active  bool `json:"-"` // the last change is over
}

// Destination is what was set; at first X-Ray.
func (s *Service) Destination(ctx context.Context, t radiograph.Tenant) (*Destination, error) {
	d := new(Destination)
	if err := s.load(ctx, t, destinationNoun, d); err != nil {
		return nil, err
	}
	d.Active = s.settled(d.Changed)
	return d, nil
}

// SetDestination sets where segments go, and the key of the log group; nil leaves
// either as it is.
func (s *Service) SetDestination(ctx context.Context, t radiograph.Tenant, logs *bool, keyID *string) (*Destination, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	d, err := s.Destination(ctx, t)
	if err != nil {
		return nil, err
	}
	if logs != nil && *logs != d.Logs {
		d.Logs, d.Changed = *logs, s.now()
	}
	if keyID != nil {
		if !d.Logs {
			return nil, invalid("CloudWatchLogsConfiguration is for the destination CloudWatchLogs only")
		}
		d.KeyID = *keyID
	}
	if !d.Logs {
		d.KeyID = ""
	}
	d.Active = s.settled(d.Changed)
	return d, s.save(ctx, t, destinationNoun, d)
}
