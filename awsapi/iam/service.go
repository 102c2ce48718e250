// Package iam is the IAM API's shapes and its table of operations: roles and
// their policies.
//
// Form members enter and XML leaves, by way of package awsapi; each handler turns
// them into a call of radiograph/iam and back, and does nothing else.
package iam

import (
	"net/http"
	"strings"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/iam"
)

// api holds what the handlers call.
type api struct {
	roles *iam.Service
}

// New is the IAM service.
func New(roles *iam.Service) awsapi.Service {
	a := &api{roles: roles}
	return awsapi.Service{
		Name:      "iam",
		Title:     "AWS IAM",
		Version:   "2010-05-08",
		Protocol:  awsapi.Query,
		Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Operations: []awsapi.Operation{
			awsapi.Op("CreateRole", "", a.createRole, awsapi.Resource(roleResource[createRoleInput])),
			awsapi.Op("GetRole", "", a.getRole, awsapi.Resource(roleResource[roleInput])),
			awsapi.Op("ListRoles", "", a.listRoles),
			awsapi.Op("DeleteRole", "", a.deleteRole, awsapi.Resource(roleResource[roleInput])),
			awsapi.Op("AttachRolePolicy", "", a.attachRolePolicy, awsapi.Resource(roleResource[attachmentInput])),
			awsapi.Op("DetachRolePolicy", "", a.detachRolePolicy, awsapi.Resource(roleResource[attachmentInput])),
			awsapi.Op("ListAttachedRolePolicies", "", a.listAttachedRolePolicies, awsapi.Resource(roleResource[listAttachedRolePoliciesInput])),
			awsapi.Op("PutRolePolicy", "", a.putRolePolicy, awsapi.Resource(roleResource[putRolePolicyInput])),
			awsapi.Op("GetRolePolicy", "", a.getRolePolicy, awsapi.Resource(roleResource[rolePolicyInput])),
			awsapi.Op("DeleteRolePolicy", "", a.deleteRolePolicy, awsapi.Resource(roleResource[rolePolicyInput])),
			awsapi.Op("ListRolePolicies", "", a.listRolePolicies, awsapi.Resource(roleResource[listRolePoliciesInput])),
			awsapi.Op("UpdateRole", "", a.updateRole, awsapi.Resource(roleResource[updateRoleInput])),
			awsapi.Op("UpdateRoleDescription", "", a.updateRoleDescription, awsapi.Resource(roleResource[updateRoleDescriptionInput])),
			awsapi.Op("UpdateAssumeRolePolicy", "", a.updateAssumeRolePolicy, awsapi.Resource(roleResource[updateAssumeRolePolicyInput])),
			awsapi.Op("TagRole", "", a.tagRole, awsapi.Resource(roleResource[tagRoleInput])),
			awsapi.Op("UntagRole", "", a.untagRole, awsapi.Resource(roleResource[untagRoleInput])),
			awsapi.Op("ListRoleTags", "", a.listRoleTags, awsapi.Resource(roleResource[roleListInput])),
			awsapi.Op("ListInstanceProfilesForRole", "", a.listInstanceProfilesForRole, awsapi.Resource(roleResource[roleListInput])),
			awsapi.Op("CreatePolicy", "", a.createPolicy),
			awsapi.Op("GetPolicy", "", a.getPolicy, awsapi.Resource(policyResource)),
			awsapi.Op("DeletePolicy", "", a.deletePolicy, awsapi.Resource(policyResource)),
			awsapi.Op("ListPolicies", "", a.listPolicies),
			awsapi.Op("GetPolicyVersion", "", a.getPolicyVersion),
			awsapi.Op("ListPolicyVersions", "", a.listPolicyVersions),
		},
		Modelled: unserved(),
		Exceptions: map[radiograph.Kind]awsapi.Exception{
			radiograph.KindInternal:    {Name: "ServiceFailure", Status: http.StatusInternalServerError},
			radiograph.KindInvalid:     {Name: "ValidationError", Status: http.StatusBadRequest},
			radiograph.KindNotFound:    {Name: "NoSuchEntity", Status: http.StatusNotFound},
			radiograph.KindConflict:    {Name: "EntityAlreadyExists", Status: http.StatusConflict},
			radiograph.KindThrottled:   {Name: "Throttling", Status: http.StatusBadRequest},
			radiograph.KindUnsupported: {Name: "UnsupportedOperation", Status: http.StatusBadRequest},
		},
		Validation: awsapi.Exception{Name: "ValidationError", Status: http.StatusBadRequest},
		Malformed: func(detail string) error {
			return &radiograph.Error{Kind: radiograph.KindInvalid, Code: "MalformedInput", Message: detail}
		},
	}
}

// named is an input about one role.
type named interface{ roleName() string }

// roleResource is the ARN that permission is asked for. The role's path is not
// known before it is looked up; policies that name paths need a wildcard.
func roleResource[In any](r *awsapi.Request, in *In) string {
	return "arn:aws:iam::" + string(r.Tenant.Account) + ":role/" + any(in).(named).roleName()
}

// defaultItems is how many items IAM answers when MaxItems is absent.
const defaultItems = 100

// cut gives the items of one page and the next marker; "" on the last page.
func cut[T any](items []T, marker string, most *int32, name func(T) string) (page []T, next string) {
	n := defaultItems
	if most != nil {
		n = int(*most)
	}
	from := 0
	for marker != "" && from < len(items) && name(items[from]) < marker {
		from++
	}
	items = items[from:]
	if len(items) > n {
		return items[:n], name(items[n])
	}
	return items, ""
}

// unserved are the other operations of the public model.
func unserved() []awsapi.Unserved {
	var list []awsapi.Unserved
	for name := range strings.FieldsSeq(unservedNames) {
		list = append(list, awsapi.Unserved{Name: name})
	}
	return list
}
