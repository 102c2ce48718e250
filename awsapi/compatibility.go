package awsapi

// Compatibility writes the services' tables as markdown: the page
// docs/compatibility.md.
func Compatibility(services []Service) string { return "" }
