package xray

import (
	"context"
	"math"
	"strconv"
	"time"

	"radiograph"
	"radiograph/awsapi"
)

type getServiceGraphInput struct {
	StartTime *radiograph.Timestamp `required:"true"`
	EndTime   *radiograph.Timestamp `required:"true"`
	GroupName string                `min:"1" max:"32"` // empty is absent: Grafana sends it so
	GroupARN  string                `min:"1" max:"400"`
	NextToken string
}

type getServiceGraphOutput struct {
	StartTime                radiograph.Timestamp
	EndTime                  radiograph.Timestamp
	Services                 []service
	ContainsOldGroupVersions bool
}

type getTraceGraphInput struct {
	TraceIDs  []string `name:"TraceIds" required:"true" eachmin:"1" eachmax:"35"`
	NextToken string
}

type getTraceGraphOutput struct {
	Services []service
}

type service struct {
	ReferenceID           int `name:"ReferenceId"`
	Name                  string
	Names                 []string
	Root                  bool   `omit:"empty"`
	AccountID             string `name:"AccountId" omit:"empty"`
	Type                  string
	State                 string
	StartTime             radiograph.Timestamp
	EndTime               radiograph.Timestamp
	Edges                 []edge
	SummaryStatistics     *statistics // absent on client nodes
	DurationHistogram     histogram
	ResponseTimeHistogram histogram
}

type edge struct {
	ReferenceID               int `name:"ReferenceId"`
	StartTime                 radiograph.Timestamp
	EndTime                   radiograph.Timestamp
	SummaryStatistics         statistics
	ResponseTimeHistogram     histogram
	Aliases                   []alias
	EdgeType                  string `omit:"empty"` // "link": asynchronous
	ReceivedEventAgeHistogram histogram
}

type alias struct {
	Name  string
	Names []string
	Type  string
}

type statistics struct {
	OkCount           int64
	ErrorStatistics   errorStatistics
	FaultStatistics   faultStatistics
	TotalCount        int64
	TotalResponseTime float64 // seconds
}

type errorStatistics struct{ ThrottleCount, OtherCount, TotalCount int64 }

type faultStatistics struct{ OtherCount, TotalCount int64 }

type histogramEntry struct {
	Value float64 // seconds
	Count int64
}

// histogram writes itself: a graph has some ten thousand entries.
type histogram []histogramEntry

// AppendJSON implements awsapi.JSONAppender. Values are whole microseconds.
func (h histogram) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	for i, e := range h {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Value":`...)
		b = appendMicros(b, int64(math.Round(e.Value*1e6)))
		b = append(b, `,"Count":`...)
		b = append(strconv.AppendInt(b, e.Count, 10), '}')
	}
	return append(b, ']')
}

// appendMicros writes microseconds as a number of seconds, without zeros at the
// end.
func appendMicros(b []byte, micros int64) []byte {
	b = strconv.AppendInt(b, micros/1e6, 10)
	part := micros % 1e6
	if part == 0 {
		return b
	}
	b = append(b, '.')
	for unit := int64(1e5); part > 0; unit /= 10 {
		b = append(b, '0'+byte(part/unit))
		part %= unit
	}
	return b
}

// getServiceGraph answers in one page.
func (a *api) getServiceGraph(ctx context.Context, r *awsapi.Request, in *getServiceGraphInput) (*getServiceGraphOutput, error) {
	if in.NextToken != "" {
		return nil, invalid("NextToken is not valid")
	}
	group, err := a.scope(ctx, r.Tenant, in.GroupName, in.GroupARN)
	if err != nil {
		return nil, err
	}
	g, err := a.engine.GroupGraph(ctx, r.Tenant, group, *in.StartTime, *in.EndTime)
	if err != nil {
		return nil, err
	}
	return &getServiceGraphOutput{
		StartTime: g.Start, EndTime: g.End, Services: newServices(g), ContainsOldGroupVersions: g.OldGroupVersions,
	}, nil
}

// getTraceGraph answers in one page. Ids that are unknown add nothing.
func (a *api) getTraceGraph(ctx context.Context, r *awsapi.Request, in *getTraceGraphInput) (*getTraceGraphOutput, error) {
	if in.NextToken != "" {
		return nil, invalid("NextToken is not valid")
	}
	var ids []radiograph.TraceID
	for _, spelled := range in.TraceIDs {
		if id, err := radiograph.ParseTraceID(spelled); err == nil {
			ids = append(ids, id)
		}
	}
	found, _, err := a.engine.Traces(ctx, r.Tenant, ids)
	if err != nil {
		return nil, err
	}
	a.meter.Count(r.Tenant, radiograph.TracesRetrieved, len(found))
	return &getTraceGraphOutput{Services: newServices(a.engine.GraphOf(found))}, nil
}

func newServices(g *radiograph.ServiceGraph) []service {
	list := make([]service, len(g.Services))
	for i, n := range g.Services {
		id := newServiceID(n.ServiceID)
		s := service{
			ReferenceID: n.ReferenceID, Name: id.Name, Names: id.Names, Root: n.Root, AccountID: id.AccountID, Type: id.Type, State: n.State,
			StartTime: floorSecond(n.Start), EndTime: ceilSecond(n.End),
			DurationHistogram: newHistogram(n.DurationHistogram), ResponseTimeHistogram: newHistogram(n.ResponseHistogram),
		}
		if n.Statistics != nil {
			st := newStatistics(*n.Statistics)
			s.SummaryStatistics = &st
		}
		for _, e := range n.Edges {
			s.Edges = append(s.Edges, newEdge(e))
		}
		list[i] = s
	}
	return list
}

func newEdge(e *radiograph.ServiceEdge) edge {
	w := edge{ReferenceID: e.Target, StartTime: floorSecond(e.Start), EndTime: ceilSecond(e.End), SummaryStatistics: newStatistics(e.Statistics)}
	if e.Link {
		w.EdgeType, w.ReceivedEventAgeHistogram = "link", newHistogram(e.Histogram)
	} else {
		w.ResponseTimeHistogram = newHistogram(e.Histogram)
	}
	return w
}

func newStatistics(s radiograph.Statistics) statistics {
	return statistics{
		OkCount:           s.OK,
		ErrorStatistics:   errorStatistics{ThrottleCount: s.Throttle, OtherCount: s.OtherError, TotalCount: s.Throttle + s.OtherError},
		FaultStatistics:   faultStatistics{OtherCount: s.Fault, TotalCount: s.Fault},
		TotalCount:        s.Total(),
		TotalResponseTime: float64(s.TotalMicros) / 1e6,
	}
}

func newHistogram(h radiograph.Histogram) histogram {
	list := make(histogram, 0, len(h))
	for _, bar := range h {
		list = append(list, histogramEntry{Value: float64(bar.Micros) / 1e6, Count: bar.Count})
	}
	return list
}

const second = radiograph.Timestamp(time.Second)

// floorSecond and ceilSecond give whole seconds, as the service prints times of
// nodes and edges.
func floorSecond(t radiograph.Timestamp) radiograph.Timestamp { return t - t%second }

func ceilSecond(t radiograph.Timestamp) radiograph.Timestamp { return floorSecond(t + second - 1) }
