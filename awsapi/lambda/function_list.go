package lambda

import (
	"context"
	"encoding/base64"

	"radiograph"
	"radiograph/awsapi"
)

// maxPage is how many functions one page holds, whatever is asked for (Lambda
// API reference, ListFunctions).
const maxPage = 50

type listFunctionsInput struct {
	MasterRegion    string `query:"MasterRegion" min:"1" max:"50" pattern:"ALL|(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}"`
	FunctionVersion string `query:"FunctionVersion" enum:"ALL"`
	Marker          string `query:"Marker"`
	MaxItems        *int   `query:"MaxItems" min:"1" max:"10000"`
}

type listFunctionsOutput struct {
	NextMarker string `omit:"empty"`
	Functions  []*functionConfiguration
}

func (a *api) listFunctions(ctx context.Context, r *awsapi.Request, in *listFunctionsInput) (*listFunctionsOutput, error) {
	if in.MasterRegion != "" && in.MasterRegion != "ALL" {
		// It asks for Lambda@Edge replicas, of which there are none.
		return &listFunctionsOutput{}, nil
	}
	fs, err := a.functions.Functions(ctx, r.Tenant)
	if err != nil {
		return nil, err
	}
	if in.FunctionVersion == "ALL" {
		latest := fs
		fs = nil
		for _, f := range latest {
			versions, err := a.functions.Versions(ctx, r.Tenant, f.Name)
			if radiograph.ErrorKind(err) == radiograph.KindNotFound && err != nil {
				continue // deleted meanwhile
			}
			if err != nil {
				return nil, err
			}
			fs = append(fs, versions...)
		}
	}
	page, next, err := cut(fs, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &listFunctionsOutput{NextMarker: next, Functions: page}, nil
}

// cut gives one page of a list of functions and the marker of the next.
func cut(fs []*radiograph.Function, marker string, most *int) (page []*functionConfiguration, next string, err error) {
	fs, next, err = cutPage(fs, marker, most, position)
	for _, f := range fs {
		page = append(page, configuration(f))
	}
	return page, next, err
}

// cutPage gives one page of a list in the order of position, and the marker of
// the next. A marker names the last of the page before it, so that what is created
// or deleted meanwhile shifts nothing.
func cutPage[T any](all []T, marker string, most *int, position func(T) string) (page []T, next string, err error) {
	if marker != "" {
		last, err := base64.RawURLEncoding.DecodeString(marker)
		if err != nil {
			return nil, "", exception(radiograph.KindInvalid, "InvalidParameterValueException", "Invalid marker: %.100s", marker)
		}
		for len(all) > 0 && position(all[0]) <= string(last) {
			all = all[1:]
		}
	}
	n := maxPage
	if most != nil {
		n = min(n, *most)
	}
	if len(all) > n {
		all = all[:n]
		next = base64.RawURLEncoding.EncodeToString([]byte(position(all[n-1])))
	}
	return all, next, nil
}

// position orders functions by name, then $LATEST, then the numbers.
func position(f *radiograph.Function) string {
	version := f.Version
	if version != radiograph.LatestVersion { // which sorts before digits
		version = "00000000000000000000"[min(len(version), 20):] + version
	}
	return f.Name + " " + version
}
