package console

import (
	"net/http"
	"strconv"

	"radiograph"
)

// recentDecisions is how many invocations the list judges a function by.
const recentDecisions = 100

// functionsView is the list of functions.
type functionsView struct {
	Rows []functionRow
}

type functionRow struct {
	Name, Href  string
	Runtime     string
	Active      bool
	State       string // "" when Active
	Modified    string
	ModifiedAt  string
	Recent      string // invocations looked at
	ErrorShare  string
	Failing     bool
	Last        string
	LastAt      string
	Description string
}

// listFunctions shows all functions with what they did of late.
func (s *console) listFunctions(w http.ResponseWriter, r *http.Request) error {
	fns, err := s.Functions.Functions(r.Context(), s.Tenant)
	if err != nil {
		return err
	}
	now := s.Clock()
	var v functionsView
	for _, f := range fns {
		ds, err := s.Functions.Decisions(r.Context(), s.Tenant, f.Name, recentDecisions)
		if err != nil {
			return err
		}
		row := functionRow{
			Name: f.Name, Href: functionPath(f.Name), Runtime: f.Runtime, Active: f.Tracing == radiograph.TracingActive,
			Modified: formatAge(now.Sub(f.LastModified)), ModifiedAt: formatTime(f.LastModified), Description: f.Description,
		}
		if f.State != "Active" {
			row.State = f.State
		}
		row.Recent = strconv.Itoa(len(ds))
		if len(ds) == recentDecisions {
			row.Recent += "+"
		}
		failed := int64(0)
		for _, d := range ds {
			if decisionStatus(d) != statusOK {
				failed++
			}
		}
		if len(ds) > 0 {
			row.ErrorShare, row.Failing = formatShare(failed, int64(len(ds))), failed > 0
			row.Last, row.LastAt = formatAge(now.Sub(ds[0].Time)), formatTime(ds[0].Time)
		}
		v.Rows = append(v.Rows, row)
	}
	return s.show(w, r, http.StatusOK, "functions", "functions", "Functions", v)
}

// decisionStatus judges an invocation by what its caller got.
func decisionStatus(d *radiograph.Decision) status {
	switch {
	case d.Status == http.StatusTooManyRequests:
		return statusThrottle
	case d.Status >= 500:
		return statusFault
	case d.FunctionError != "" || d.Status >= 400:
		return statusError
	}
	return statusOK
}
