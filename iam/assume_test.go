package iam

import (
	"testing"
	"time"

	"radiograph"
	"radiograph/storetest"
)

func TestAssumeRole(t *testing.T) {
	const other = radiograph.AccountID("999988887777")
	caller := &radiograph.Session{Account: account, RoleARN: "arn:aws:iam::111122223333:role/caller", Name: "me"}
	for _, test := range []struct {
		name       string
		principal  string
		condition  string
		ask        Assumption
		wantDenied bool
	}{
		{name: "Account", principal: `{"AWS":"111122223333"}`},
		{name: "Root", principal: `{"AWS":"arn:aws:iam::111122223333:root"}`},
		{name: "Everyone", principal: `"*"`},
		{name: "OtherAccount", principal: `{"AWS":"999988887777"}`, wantDenied: true},
		{name: "FromOtherAccount", principal: `{"AWS":["111122223333","999988887777"]}`, ask: Assumption{Account: other}},
		{name: "Service", principal: `{"Service":"lambda.amazonaws.com"}`, wantDenied: true},
		{name: "Role", principal: `{"AWS":"arn:aws:iam::111122223333:role/caller"}`, ask: Assumption{Caller: caller}},
		{name: "Session", principal: `{"AWS":"arn:aws:sts::111122223333:assumed-role/caller/me"}`, ask: Assumption{Caller: caller}},
		{name: "OtherRole", principal: `{"AWS":"arn:aws:iam::111122223333:role/other"}`, ask: Assumption{Caller: caller}, wantDenied: true},
		{name: "ExternalID", principal: `"*"`, condition: `{"StringEquals":{"sts:ExternalId":"x"}}`, ask: Assumption{ExternalID: "x"}},
		{name: "NoExternalID", principal: `"*"`, condition: `{"StringEquals":{"sts:ExternalId":"x"}}`, wantDenied: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			state := storetest.NewState()
			clock := func() time.Time { return start }
			s := New(state, clock)
			condition := test.condition
			if condition == "" {
				condition = "{}"
			}
			r, err := s.CreateRole(ctx, &radiograph.Role{Account: account, Name: "r", TrustPolicy: `{"Statement":[{"Effect":"Allow","Principal":` + test.principal + `,"Action":"sts:AssumeRole","Condition":` + condition + `}]}`})
			if err != nil {
				t.Fatal(err)
			}
			ask := test.ask
			ask.RoleARN, ask.Name = r.ARN(), "s"
			if ask.Account == "" {
				ask.Account = account
			}
			session, err := s.AssumeRole(ctx, ask)
			if denied := err != nil && radiograph.ErrorKind(err) == radiograph.KindDenied; denied != test.wantDenied || err != nil && !denied {
				t.Fatalf("error %v, want denied %t", err, test.wantDenied)
			}
			if err != nil {
				return
			}
			if session.Account != account || session.RoleARN != r.ARN() || !session.Expires.Equal(start.Add(time.Hour)) {
				t.Errorf("session %+v", session)
			}
			if _, ok := New(state, clock).Session(ctx, session.Credentials.AccessKeyID); !ok {
				t.Error("the session is not known after a restart")
			}
		})
	}
}
