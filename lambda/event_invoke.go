package lambda

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"radiograph"
)

// EventInvokeConfig says how events of a version or an alias are run. Nil members
// have the defaults. It never changes; a change makes another.
type EventInvokeConfig struct {
	Qualifier            string        // "$LATEST", a number or an alias
	MaximumRetryAttempts *int          `json:",omitempty"` // from 0 to 2; 2
	MaximumEventAge      *int          `json:",omitempty"` // seconds; 21600
	Destinations         *Destinations `json:",omitempty"`
	LastModified         time.Time
}

// Destinations are the ARNs of what is told of an event's end; "": none.
type Destinations struct {
	OnSuccess, OnFailure string
}

// What events have without a configuration (Lambda developer guide,
// "Asynchronous invocation").
const (
	defaultRetries  = 2
	defaultEventAge = 6 * time.Hour
)

func (c *EventInvokeConfig) retries() int {
	if c == nil || c.MaximumRetryAttempts == nil {
		return defaultRetries
	}
	return *c.MaximumRetryAttempts
}

func (c *EventInvokeConfig) eventAge() time.Duration {
	if c == nil || c.MaximumEventAge == nil {
		return defaultEventAge
	}
	return time.Duration(*c.MaximumEventAge) * time.Second
}

func (c *EventInvokeConfig) destination(success bool) string {
	switch {
	case c == nil || c.Destinations == nil:
		return ""
	case success:
		return c.Destinations.OnSuccess
	}
	return c.Destinations.OnFailure
}

// eventInvokeQualifier is the key of a configuration: without a qualifier it is
// that of $LATEST.
func eventInvokeQualifier(qualifier string) string {
	return cmp.Or(qualifier, radiograph.LatestVersion)
}

// PutEventInvokeConfig sets how events of c.Qualifier are run, all anew, or with
// merge only the members that are not nil, of a configuration that is there.
func (s *Service) PutEventInvokeConfig(ctx context.Context, t radiograph.Tenant, name string, c EventInvokeConfig, merge bool) (*EventInvokeConfig, error) {
	c.Qualifier = eventInvokeQualifier(c.Qualifier)
	err := s.attach(ctx, t, name, func(e *entry, has *attachments) error {
		if err := s.checkQualifier(t, name, c.Qualifier); err != nil {
			return err
		}
		if c.MaximumRetryAttempts == nil && c.MaximumEventAge == nil && c.Destinations == nil {
			return invalidParameter("You must specify at least one of error handling or destination setting.")
		}
		if c.Destinations != nil {
			for _, arn := range []string{c.Destinations.OnSuccess, c.Destinations.OnFailure} {
				if err := s.checkDestination(ctx, e.latest.fn, arn); err != nil {
					return err
				}
			}
		}
		if merge {
			before := has.EventInvoke[c.Qualifier]
			if before == nil {
				return noEventInvokeConfig(t, name, c.Qualifier)
			}
			c.MaximumRetryAttempts = cmp.Or(c.MaximumRetryAttempts, before.MaximumRetryAttempts)
			c.MaximumEventAge = cmp.Or(c.MaximumEventAge, before.MaximumEventAge)
			c.Destinations = cmp.Or(c.Destinations, before.Destinations)
		}
		c.LastModified = s.now().UTC()
		has.EventInvoke[c.Qualifier] = &c
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// EventInvokeConfig is the configuration of a version or an alias.
func (s *Service) EventInvokeConfig(ctx context.Context, t radiograph.Tenant, name, qualifier string) (*EventInvokeConfig, error) {
	_, has, err := s.attached(t, name)
	if err != nil {
		return nil, err
	}
	if err := s.checkQualifier(t, name, qualifier); err != nil {
		return nil, err
	}
	if c := has.EventInvoke[eventInvokeQualifier(qualifier)]; c != nil {
		return c, nil
	}
	return nil, noEventInvokeConfig(t, name, qualifier)
}

// DeleteEventInvokeConfig goes back to the defaults.
func (s *Service) DeleteEventInvokeConfig(ctx context.Context, t radiograph.Tenant, name, qualifier string) error {
	return s.attach(ctx, t, name, func(e *entry, has *attachments) error {
		if err := s.checkQualifier(t, name, qualifier); err != nil {
			return err
		}
		key := eventInvokeQualifier(qualifier)
		if has.EventInvoke[key] == nil {
			return noEventInvokeConfig(t, name, qualifier)
		}
		delete(has.EventInvoke, key)
		return nil
	})
}

// EventInvokeConfigs lists a function's configurations by qualifier.
func (s *Service) EventInvokeConfigs(ctx context.Context, t radiograph.Tenant, name string) ([]*EventInvokeConfig, error) {
	_, has, err := s.attached(t, name)
	if err != nil {
		return nil, err
	}
	var cs []*EventInvokeConfig
	for _, qualifier := range slices.Sorted(maps.Keys(has.EventInvoke)) {
		cs = append(cs, has.EventInvoke[qualifier])
	}
	return cs, nil
}

func noEventInvokeConfig(t radiograph.Tenant, name, qualifier string) error {
	return exception(radiograph.KindNotFound, "ResourceNotFoundException", "The function %s doesn't have an EventInvokeConfig", invokedARN(t, name, eventInvokeQualifier(qualifier)))
}

// rules are how an event is run, as the function has it now; nil: the defaults.
func (s *Service) rules(q *queuedEvent) *EventInvokeConfig {
	_, has, err := s.attached(q.Tenant, q.Function)
	if err != nil {
		return nil
	}
	return has.EventInvoke[eventInvokeQualifier(q.Qualifier)]
}

// shutOff reports whether a function may not run at all.
func (s *Service) shutOff(t radiograph.Tenant, name string) bool {
	_, has, err := s.attached(t, name)
	return err == nil && has.Reserved != nil && *has.Reserved == 0
}
