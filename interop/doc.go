// Package interop drives the built program with the real clients people use:
// the AWS CLI, the AWS SDKs of Python, JavaScript, Go and Java, the X-Ray SDKs,
// runtime interface clients and a browser, none of them modified. It also holds
// the operation tables of awsapi to the public service model.
//
// What all SDKs must see alike is told once, in testdata/story.json, and each
// tells it with its own calls: see story_test.go.
//
// Everything here is a test. What a test needs it sets up once in a cache
// folder of its own, and it skips, naming what it could not find, unless
// RADIOGRAPH_CLIENTS=require. See clients_test.go.
package interop
