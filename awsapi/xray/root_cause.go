package xray

import "radiograph"

// rootCause is a cause of faults or errors.
type rootCause struct {
	Services        []rootCauseService
	ClientImpacting bool
}

type rootCauseService struct {
	Name       string
	Names      []string
	Type       string
	AccountID  string `name:"AccountId" omit:"empty"`
	EntityPath []rootCauseEntity
	Inferred   bool
}

type rootCauseEntity struct {
	Name       string
	Exceptions []rootCauseException
	Remote     bool
}

type rootCauseException struct {
	Name    string
	Message string `omit:"empty"`
}

type responseTimeRootCause struct {
	Services        []responseTimeRootCauseService
	ClientImpacting bool
}

type responseTimeRootCauseService struct {
	Name       string
	Names      []string
	Type       string
	AccountID  string `name:"AccountId" omit:"empty"`
	EntityPath []responseTimeRootCauseEntity
	Inferred   bool
}

type responseTimeRootCauseEntity struct {
	Name     string
	Coverage float64
	Remote   bool
}

func newRootCauses(causes []radiograph.RootCause) []rootCause {
	list := make([]rootCause, len(causes))
	for i, c := range causes {
		list[i].ClientImpacting = c.ClientImpacting
		for _, s := range c.Services {
			id := newServiceID(s.ServiceID)
			service := rootCauseService{Name: id.Name, Names: id.Names, Type: id.Type, AccountID: id.AccountID, Inferred: s.Inferred}
			for _, e := range s.Entities {
				entity := rootCauseEntity{Name: e.Name, Remote: e.Remote}
				for _, x := range e.Exceptions {
					entity.Exceptions = append(entity.Exceptions, rootCauseException{Name: x.Type, Message: x.Message})
				}
				service.EntityPath = append(service.EntityPath, entity)
			}
			list[i].Services = append(list[i].Services, service)
		}
	}
	return list
}

func newResponseTimeRootCauses(causes []radiograph.RootCause) []responseTimeRootCause {
	list := make([]responseTimeRootCause, len(causes))
	for i, c := range causes {
		list[i].ClientImpacting = c.ClientImpacting
		for _, s := range c.Services {
			id := newServiceID(s.ServiceID)
			service := responseTimeRootCauseService{Name: id.Name, Names: id.Names, Type: id.Type, AccountID: id.AccountID, Inferred: s.Inferred}
			for _, e := range s.Entities {
				service.EntityPath = append(service.EntityPath, responseTimeRootCauseEntity{Name: e.Name, Coverage: e.Coverage, Remote: e.Remote})
			}
			list[i].Services = append(list[i].Services, service)
		}
	}
	return list
}
