package trace

import "radiograph"

// maxLinks bounds the links of one segment (X-Ray: 100 a trace).
const maxLinks = 100

// http reads an http block.
func (d *decoder) http() radiograph.HTTP {
	var h radiograph.HTTP
	for ok := d.optOpen('{'); ok; ok = d.more('{') {
		switch d.key() {
		case "request":
			for ok := d.optOpen('{'); ok; ok = d.more('{') {
				switch d.key() {
				case "method":
					d.optText(&h.Method)
				case "url":
					d.optText(&h.URL)
				case "user_agent":
					d.optText(&h.UserAgent)
				case "client_ip":
					d.optText(&h.ClientIP)
				case "traced":
					d.optBool(&h.Traced)
				default:
					d.skip()
				}
			}
		case "response":
			for ok := d.optOpen('{'); ok; ok = d.more('{') {
				switch d.key() {
				case "status":
					h.Status = int(d.optInt())
				case "content_length":
					h.ContentLength = d.optInt()
				default:
					d.skip()
				}
			}
		default:
			d.skip()
		}
	}
	h.Method, h.URL = radiograph.Clip(h.Method, maxText), radiograph.Clip(h.URL, maxText)
	h.UserAgent, h.ClientIP = radiograph.Clip(h.UserAgent, maxText), radiograph.Clip(h.ClientIP, maxText)
	return h
}

// aws reads what the product uses of an aws block.
func (d *decoder) aws() radiograph.AWS {
	var a radiograph.AWS
	var tables []string
	for ok := d.optOpen('{'); ok; ok = d.more('{') {
		switch d.key() {
		case "account_id":
			d.optText(&a.AccountID)
		case "operation":
			d.optText(&a.Operation)
		case "region":
			d.optText(&a.Region)
		case "request_id":
			d.optText(&a.RequestID)
		case "function_arn":
			d.optText(&a.FunctionARN)
		case "function_name":
			d.optText(&a.FunctionName)
		case "table_name":
			d.optText(&a.TableName)
		case "table_names":
			tables = d.texts()
		case "queue_url":
			d.optText(&a.QueueURL)
		case "topic_arn":
			d.optText(&a.TopicARN)
		case "bucket_name":
			d.optText(&a.BucketName)
		case "resource_names":
			a.ResourceNames = d.texts()
		case "ec2":
			d.host(&a, true)
		case "ecs":
			d.host(&a, false)
		case "xray":
			for ok := d.optOpen('{'); ok; ok = d.more('{') {
				switch d.key() {
				case "sampling_rule_name", "rule_name": // Python's and Node's spelling
					d.optText(&a.SamplingRule)
				default:
					d.skip()
				}
			}
		default:
			d.skip()
		}
	}
	if a.TableName == "" && len(tables) == 1 {
		a.TableName = tables[0]
	}
	return a
}

// host reads an ec2 or ecs block.
func (d *decoder) host(a *radiograph.AWS, ec2 bool) {
	for ok := d.optOpen('{'); ok; ok = d.more('{') {
		switch key := d.key(); {
		case key == "availability_zone":
			d.optText(&a.AvailabilityZone)
		case key == "instance_id" && ec2:
			d.optText(&a.InstanceID)
		default:
			d.skip()
		}
	}
}

// texts reads an array's strings.
func (d *decoder) texts() []string {
	var out []string
	for ok := d.optOpen('['); ok; ok = d.more('[') {
		var s string
		if d.optText(&s) {
			out = append(out, s)
		}
	}
	return out
}

// cause reads a cause: the id of an exception told elsewhere, or a list.
func (d *decoder) cause() (radiograph.SegmentID, []radiograph.Exception) {
	if d.peek() == '"' {
		id, _ := radiograph.ParseSegmentID(d.text()) // a bad one says nothing
		return id, nil
	}
	var out []radiograph.Exception
	for ok := d.optOpen('{'); ok; ok = d.more('{') {
		if d.key() != "exceptions" {
			d.skip()
			continue
		}
		out = nil
		for ok := d.optOpen('['); ok; ok = d.more('[') {
			if d.peek() != '{' {
				d.skip()
				continue
			}
			out = append(out, d.exception())
		}
	}
	return radiograph.SegmentID{}, out
}

func (d *decoder) exception() radiograph.Exception {
	var x radiograph.Exception
	for ok := d.optOpen('{'); ok; ok = d.more('{') {
		switch d.key() {
		case "id":
			var id string
			d.optText(&id)
			x.ID, _ = radiograph.ParseSegmentID(id) // a bad one is replaced
		case "type":
			d.optText(&x.Type)
		case "message":
			d.optText(&x.Message)
		case "remote":
			d.optBool(&x.Remote)
		default:
			d.skip()
		}
	}
	return x
}

// links reads a segment's links to other traces.
func (d *decoder) links() []radiograph.Link {
	var out []radiograph.Link
	for ok := d.optOpen('['); ok; ok = d.more('[') {
		var l radiograph.Link
		var trace, id string
		if d.peek() != '{' {
			d.skip()
			continue
		}
		for ok := d.open('{'); ok; ok = d.more('{') {
			switch d.key() {
			case "trace_id":
				d.optText(&trace)
			case "id":
				d.optText(&id)
			case "attributes":
				for ok := d.optOpen('{'); ok; ok = d.more('{') {
					if d.key() == "aws.xray.reserved.reference_type" {
						d.optText(&l.Type)
					} else {
						d.skip()
					}
				}
			default:
				d.skip()
			}
		}
		var err, err2 error
		l.Trace, err = radiograph.ParseTraceID(trace)
		l.Segment, err2 = radiograph.ParseSegmentID(id)
		if err == nil && err2 == nil && len(out) < maxLinks {
			out = append(out, l)
		}
	}
	return out
}
