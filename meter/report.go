package meter

import (
	"cmp"
	"slices"

	"radiograph"
)

// Report is what an account has used.
type Report struct {
	Account radiograph.AccountID `json:"account"`
	Months  []Month              `json:"months"` // newest first; the present one is always there
}

// Month is one calendar month (UTC) of an account.
type Month struct {
	Month   string   `json:"month"` // 2026-11
	Regions []Region `json:"regions"`
	Bill    []Line   `json:"bill"` // of all regions together, as AWS grants what is free
	USD     float64  `json:"usd"`
}

// Region is a month's usage of one region.
type Region struct {
	Region radiograph.Region `json:"region"`
	Counts
}

// Report says what an account has used, as far back as it was counted.
func (m *Meter) Report(account radiograph.AccountID) Report {
	months := map[string][]Region{monthOf(m.clock()): {}}
	m.mu.Lock()
	for at, n := range m.used {
		if at.tenant.Account == account {
			months[at.month] = append(months[at.month], Region{at.tenant.Region, n.Counts})
		}
	}
	m.mu.Unlock()
	r := Report{Account: account}
	for name, regions := range months {
		slices.SortFunc(regions, func(a, b Region) int { return cmp.Compare(a.Region, b.Region) })
		var sum Counts
		for _, region := range regions {
			sum.add(region.Counts)
		}
		month := Month{Month: name, Regions: regions, Bill: m.prices.bill(sum)}
		for _, l := range month.Bill {
			month.USD += l.USD
		}
		r.Months = append(r.Months, month)
	}
	slices.SortFunc(r.Months, func(a, b Month) int { return cmp.Compare(b.Month, a.Month) })
	return r
}

// Usage is what a tenant has used in the present month.
type Usage struct {
	Tenant radiograph.Tenant
	Counts
}

// Present lists the usage of all tenants in the present month, by tenant.
func (m *Meter) Present() []Usage {
	month := monthOf(m.clock())
	var list []Usage
	m.mu.Lock()
	for at, n := range m.used {
		if at.month == month {
			list = append(list, Usage{at.tenant, n.Counts})
		}
	}
	m.mu.Unlock()
	slices.SortFunc(list, func(a, b Usage) int { return cmp.Compare(a.Tenant.String(), b.Tenant.String()) })
	return list
}
