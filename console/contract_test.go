package console_test

import (
	"radiograph/console"
	"radiograph/iam"
	"radiograph/lambda"
	"radiograph/meter"
	"radiograph/query"
)

// What the pages ask for is what the core has.
var (
	_ console.Engine    = (*query.Engine)(nil)
	_ console.Functions = (*lambda.Service)(nil)
	_ console.Roles     = (*iam.Service)(nil)
	_ console.Usage     = (*meter.Meter)(nil)
)
