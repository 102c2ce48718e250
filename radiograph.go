// Package radiograph is the vocabulary of the program: traces, segments,
// functions, roles and the interfaces between the rooms that work with them.
//
// It holds names, not work. Every other package imports it; it imports only the
// standard library. One request passes through the rooms in this order:
//
//	front → sampling → lambda → sandbox → (segments) → daemon → ingest → store → query → console
//
// Every segment document, whoever made it, enters by one door, [Sink]
// (implemented by package ingest). Every question leaves by one door, package
// query, which reads a [TraceStore].
package radiograph
