// Package interop drives the built program with the real clients people use:
// the AWS CLI, boto3, the AWS SDK for Go, the X-Ray SDKs, runtime interface
// clients and a browser, none of them modified. It also holds the operation
// tables of awsapi to the public service model.
//
// Everything here is a test. What a test needs it sets up once in a cache
// folder of its own, and it skips, naming what it could not find, unless
// RADIOGRAPH_CLIENTS=require. See clients_test.go.
package interop
