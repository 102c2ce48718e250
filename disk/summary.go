package disk

import (
	"encoding/binary"
	"math"

	"radiograph"
)

// summaryVersion is the first byte of a summary's value. Index time and trace
// id are in the key; the rest follows in the order of appendSummary: integers as
// varints, texts and lists with their length before them, times after the index
// time.
const summaryVersion = 1

// Flags of a summary.
const (
	summaryFault = 1 << iota
	summaryError
	summaryThrottle
	summaryPartial
	summaryEntryPoint
	summaryTraced
)

// appendSummary appends the value of s's row.
func appendSummary(b []byte, s *radiograph.Summary) []byte {
	b = append(b, summaryVersion)
	b = binary.AppendVarint(b, int64(s.Start-s.IndexTime))
	b = binary.AppendVarint(b, int64(s.End-s.IndexTime))
	b = binary.AppendVarint(b, int64(s.Revision))
	b = binary.AppendVarint(b, int64(s.Duration))
	b = binary.AppendVarint(b, int64(s.ResponseTime))
	b = append(b, summaryFlags(s))
	b = appendText(b, s.HTTP.Method)
	b = appendText(b, s.HTTP.URL)
	b = appendText(b, s.HTTP.UserAgent)
	b = appendText(b, s.HTTP.ClientIP)
	b = binary.AppendVarint(b, int64(s.HTTP.Status))
	b = binary.AppendVarint(b, s.HTTP.ContentLength)
	if s.EntryPoint != nil {
		b = appendServiceID(b, s.EntryPoint)
	}
	b = appendList(b, s.Annotations, func(b []byte, a radiograph.SummaryAnnotation) []byte {
		b = appendAnnotationValue(appendText(b, a.Key), a.Value)
		return appendList(b, a.ServiceIDs, appendService)
	})
	b = appendList(b, s.Users, appendUser)
	b = appendList(b, s.ServiceIDs, appendService)
	b = appendList(b, s.ResourceARNs, appendText)
	b = appendList(b, s.InstanceIDs, appendText)
	b = appendList(b, s.AvailabilityZones, appendText)
	b = appendRootCauses(b, s.FaultRootCauses, nil)
	b = appendRootCauses(b, s.ErrorRootCauses, nil)
	return appendRootCauses(b, s.ResponseTimeRootCauses, nil)
}

func summaryFlags(s *radiograph.Summary) (flags byte) {
	for _, f := range [...]struct {
		set bool
		bit byte
	}{
		{s.HasFault, summaryFault},
		{s.HasError, summaryError},
		{s.HasThrottle, summaryThrottle},
		{s.IsPartial, summaryPartial},
		{s.EntryPoint != nil, summaryEntryPoint},
		{s.HTTP.Traced, summaryTraced},
	} {
		if f.set {
			flags |= f.bit
		}
	}
	return flags
}

// readSummary reads a summary row.
func readSummary(key, sealed []byte) (*radiograph.Summary, error) {
	_, indexTime, id, err := parseSummaryKey(key)
	if err != nil {
		return nil, err
	}
	value, err := unseal(key, sealed)
	if err != nil {
		return nil, err
	}
	f := &fields{b: value}
	if version := f.byte(); version != summaryVersion {
		return nil, corrupt(key, "has the unknown version %d", version)
	}
	s := &radiograph.Summary{
		ID:           id,
		IndexTime:    indexTime,
		Start:        indexTime + radiograph.Timestamp(f.varint()),
		End:          indexTime + radiograph.Timestamp(f.varint()),
		Revision:     int(f.varint()),
		Duration:     radiograph.Timestamp(f.varint()),
		ResponseTime: radiograph.Timestamp(f.varint()),
	}
	flags := f.byte()
	s.HasFault, s.HasError = flags&summaryFault != 0, flags&summaryError != 0
	s.HasThrottle, s.IsPartial = flags&summaryThrottle != 0, flags&summaryPartial != 0
	s.HTTP = radiograph.HTTP{
		Method: f.text(), URL: f.text(), UserAgent: f.text(), ClientIP: f.text(),
		Traced: flags&summaryTraced != 0, Status: int(f.varint()), ContentLength: f.varint(),
	}
	if flags&summaryEntryPoint != 0 {
		e := f.serviceID()
		s.EntryPoint = &e
	}
	s.Annotations = readList(f, func(f *fields) radiograph.SummaryAnnotation {
		return radiograph.SummaryAnnotation{Key: f.text(), Value: f.annotationValue(), ServiceIDs: readList(f, (*fields).serviceID)}
	})
	s.Users = readList(f, (*fields).user)
	s.ServiceIDs = readList(f, (*fields).serviceID)
	s.ResourceARNs = readList(f, (*fields).text)
	s.InstanceIDs = readList(f, (*fields).text)
	s.AvailabilityZones = readList(f, (*fields).text)
	s.FaultRootCauses = readList(f, (*fields).rootCause)
	s.ErrorRootCauses = readList(f, (*fields).rootCause)
	s.ResponseTimeRootCauses = readList(f, (*fields).rootCause)
	if !f.ended() {
		return nil, corrupt(key, "does not decode")
	}
	return s, nil
}

func appendService(b []byte, id radiograph.ServiceID) []byte { return appendServiceID(b, &id) }

func appendUser(b []byte, u radiograph.SummaryUser) []byte {
	return appendList(appendText(b, u.Name), u.ServiceIDs, appendService)
}

func (f *fields) user() radiograph.SummaryUser {
	return radiograph.SummaryUser{Name: f.text(), ServiceIDs: readList(f, (*fields).serviceID)}
}

func appendAnnotationValue(b []byte, v radiograph.Value) []byte {
	b = append(b, byte(v.Kind))
	switch v.Kind {
	case radiograph.NumberValue:
		return binary.BigEndian.AppendUint64(b, math.Float64bits(v.Number))
	case radiograph.BooleanValue:
		if v.Bool {
			return append(b, 1)
		}
		return append(b, 0)
	}
	return appendText(b, v.String)
}

func (f *fields) annotationValue() radiograph.Value {
	v := radiograph.Value{Kind: radiograph.ValueKind(f.byte())}
	switch v.Kind {
	case radiograph.StringValue:
		v.String = f.text()
	case radiograph.NumberValue:
		v.Number = math.Float64frombits(f.uint64())
	case radiograph.BooleanValue:
		c := f.byte()
		if v.Bool = c == 1; c > 1 {
			f.fail()
		}
	default:
		f.fail()
	}
	return v
}

// appendRootCauses appends a list of causes. With coverages, those go there, and
// zeros are written in their place.
func appendRootCauses(b []byte, list []radiograph.RootCause, coverages *[]float64) []byte {
	return appendList(b, list, func(b []byte, c radiograph.RootCause) []byte {
		b = appendFlag(b, c.ClientImpacting)
		return appendList(b, c.Services, func(b []byte, s radiograph.RootCauseService) []byte {
			b = appendServiceID(appendFlag(b, s.Inferred), &s.ServiceID)
			return appendList(b, s.Entities, func(b []byte, e radiograph.RootCauseEntity) []byte {
				b = appendText(appendFlag(b, e.Remote), e.Name)
				if coverages != nil {
					*coverages = append(*coverages, e.Coverage)
					e.Coverage = 0
				}
				b = binary.BigEndian.AppendUint64(b, math.Float64bits(e.Coverage))
				return appendList(b, e.Exceptions, func(b []byte, x radiograph.Exception) []byte {
					b = append(appendFlag(b, x.Remote), x.ID[:]...)
					return appendText(appendText(b, x.Type), x.Message)
				})
			})
		})
	})
}

func (f *fields) rootCause() radiograph.RootCause {
	return radiograph.RootCause{ClientImpacting: f.flag(), Services: readList(f, func(f *fields) radiograph.RootCauseService {
		return radiograph.RootCauseService{Inferred: f.flag(), ServiceID: f.serviceID(), Entities: readList(f, func(f *fields) radiograph.RootCauseEntity {
			return radiograph.RootCauseEntity{
				Remote: f.flag(), Name: f.text(), Coverage: math.Float64frombits(f.uint64()),
				Exceptions: readList(f, func(f *fields) radiograph.Exception {
					return radiograph.Exception{Remote: f.flag(), ID: f.segmentID(), Type: f.text(), Message: f.text()}
				}),
			}
		})}
	})}
}

// appendFlag appends a boolean.
func appendFlag(b []byte, set bool) []byte {
	if set {
		return append(b, 1)
	}
	return append(b, 0)
}

func (f *fields) flag() bool {
	c := f.byte()
	if c > 1 {
		f.fail()
	}
	return c == 1
}

// appendList writes the length and the elements. A nil list and an empty one
// are the same.
func appendList[T any](b []byte, list []T, one func([]byte, T) []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, v := range list {
		b = one(b, v)
	}
	return b
}

// readList reads a list; an empty one is nil. Its capacity grows with what is
// there, not with what the length claims.
func readList[T any](f *fields, one func(*fields) T) []T {
	n := f.count()
	if n == 0 {
		return nil
	}
	list := make([]T, 0, min(n, 16))
	for range n {
		list = append(list, one(f))
		if f.bad {
			return nil
		}
	}
	return list
}
