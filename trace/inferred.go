package trace

import (
	"crypto/sha256"

	"radiograph"
)

// infer makes a segment for each finished call to a service that told nothing
// itself: a subsegment of namespace aws or remote that no segment names as its
// parent. A call marked traced waits for its callee instead.
func infer(id radiograph.TraceID, nodes []*radiograph.Node, taken map[radiograph.SegmentID]*slot) []*radiograph.Node {
	var calls []*radiograph.Node
	for _, n := range nodes {
		if n.Subsegment && !n.InProgress && len(n.Callee) == 0 && !n.HTTP.Traced &&
			(n.Namespace == "aws" || n.Namespace == "remote") {
			calls = append(calls, n)
		}
	}
	out := make([]*radiograph.Node, 0, len(calls))
	places, entities := make([]radiograph.Node, len(calls)), make([]radiograph.Entity, len(calls))
	for i, n := range calls {
		sid := inferredID(id, n.ID)
		if taken[sid] != nil { // a client wrote this very id
			continue
		}
		entities[i] = radiograph.Entity{
			ID: sid, Parent: n.ID, Inferred: true,
			Name: n.Name, Namespace: n.Namespace, Origin: inferredOrigin(n.Entity),
			Start: n.Start, End: n.End,
			Error: n.Error, Fault: n.Fault, Throttle: n.Throttle,
			HTTP: n.HTTP, AWS: n.AWS, SQL: n.SQL,
		}
		s := &places[i]
		*s = radiograph.Node{Entity: &entities[i], Door: n.Door, Parent: n, Segment: s}
		n.Callee = []*radiograph.Node{s}
		out = append(out, s)
	}
	return out
}

// inferredID is the id of the segment inferred from a subsegment: it is the same
// in every answer.
func inferredID(id radiograph.TraceID, subsegment radiograph.SegmentID) radiograph.SegmentID {
	b := make([]byte, 0, 64)
	b = subsegment.Append(id.Append(append(b, "inferred"...)))
	sum := sha256.Sum256(b)
	return radiograph.SegmentID(sum[:8])
}

// madeHere reports whether a node was inferred by this package, not told by a
// document.
func madeHere(n *radiograph.Node) bool { return n.Inferred && n.Body == nil }

// inferredOrigin says what kind of thing a call reached; "" for remote ones.
func inferredOrigin(e *radiograph.Entity) string {
	if e.Namespace != "aws" {
		return ""
	}
	switch {
	case e.AWS.TableName != "":
		return "AWS::DynamoDB::Table"
	case e.AWS.TopicARN != "":
		return "AWS::SNS"
	case e.AWS.QueueURL != "":
		return "AWS::SQS::Queue"
	case e.AWS.BucketName != "":
		return "AWS::S3::Bucket"
	}
	return awsType(e.Name)
}
