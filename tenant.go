package radiograph

// AccountID is a twelve-digit AWS account number.
type AccountID string

// Region is an AWS region name such as eu-west-1. It may be any text a client's
// credential scope holds.
type Region string

// Tenant is whose data it is. Everything stored belongs to one account and
// region, and no answer crosses them; it is an explicit parameter of every sink,
// store and engine method.
type Tenant struct {
	Account AccountID
	Region  Region
}

// String is account/region.
func (t Tenant) String() string { return string(t.Account) + "/" + string(t.Region) }

// DefaultAccount and DefaultRegion hold for requests that name none.
const (
	DefaultAccount AccountID = "000000000000"
	DefaultRegion  Region    = "us-east-1"
)
