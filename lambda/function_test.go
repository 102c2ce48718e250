package lambda

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

func TestCreateRefuses(t *testing.T) {
	good := zipOf(t, map[string]string{"app.py": "x"})
	tests := []struct {
		name    string
		change  func(*radiograph.Function)
		zip     []byte
		prepare func(*world)
		code    string
		message string // whole, or its beginning when it ends in …
	}{
		{name: "NoName", change: func(f *radiograph.Function) { f.Name = "" }, code: "ValidationException", message: "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: Member must not be null"},
		{name: "BadName", change: func(f *radiograph.Function) { f.Name = "a b" }, code: "ValidationException", message: "1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: …"},
		{name: "LongName", change: func(f *radiograph.Function) { f.Name = strings.Repeat("n", 65) }, code: "ValidationException", message: "1 validation error detected: Value '" + strings.Repeat("n", 65) + "' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64"},
		{name: "NoRole", change: func(f *radiograph.Function) { f.Role = "" }, code: "ValidationException", message: "1 validation error detected: Value null at 'role' failed to satisfy constraint: Member must not be null"},
		{name: "BadRole", change: func(f *radiograph.Function) { f.Role = "role" }, code: "ValidationException", message: `1 validation error detected: Value 'role' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`},
		{name: "Mode", change: func(f *radiograph.Function) { f.Tracing = "active" }, code: "ValidationException", message: "1 validation error detected: Value 'active' at 'tracingConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [Active, PassThrough]"},
		{name: "TwoBounds", change: func(f *radiograph.Function) { f.Timeout, f.MemorySize = 901, 64 }, code: "ValidationException", message: "2 validation errors detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900; Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
		{name: "Runtime", change: func(f *radiograph.Function) { f.Runtime = "cobol85" }, code: "InvalidParameterValueException", message: "Value cobol85 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs16.x, …"},
		{name: "FormerRuntime", change: func(f *radiograph.Function) { f.Runtime = "go1.x" }, code: "InvalidParameterValueException", message: "The runtime parameter of go1.x is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions."},
		{name: "NoRuntime", change: func(f *radiograph.Function) { f.Runtime = "" }, code: "InvalidParameterValueException", message: "Runtime and Handler are mandatory parameters for functions created with deployment packages."},
		{name: "BlankInHandler", change: func(f *radiograph.Function) { f.Handler = "a b" }, code: "ValidationException", message: `1 validation error detected: Value 'a b' at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern: [^\s]+`},
		{name: "ReservedVariable", change: func(f *radiograph.Function) {
			f.Environment = map[string]string{"AWS_REGION": "x", "A_B": "y", "_X_AMZN_TRACE_ID": "z"}
		}, code: "InvalidParameterValueException", message: "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION, _X_AMZN_TRACE_ID"},
		{name: "LargeEnvironment", change: func(f *radiograph.Function) { f.Environment = map[string]string{"AB": strings.Repeat("x", 4096)} }, code: "InvalidParameterValueException", message: `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {"AB":"xxx…`},
		{name: "UnknownLayer", change: func(f *radiograph.Function) {
			f.Layers = []string{"arn:aws:lambda:eu-west-1:123456789012:layer:l:1"}
		}, code: "InvalidParameterValueException", message: "Layer version arn:aws:lambda:eu-west-1:123456789012:layer:l:1 does not exist."},
		{name: "EmptyZip", zip: []byte{}, code: "InvalidParameterValueException", message: "Uploaded file must be a non-empty zip"},
		{name: "NoZip", zip: []byte("this is no zip file at all"), code: "InvalidParameterValueException", message: "Could not unzip uploaded file. Please check your file, then try to upload again."},
		{name: "CutZip", zip: good[:len(good)-10], code: "InvalidParameterValueException", message: "Could not unzip uploaded file. Please check your file, then try to upload again."},
		{name: "DamagedZip", zip: damaged(good), code: "InvalidParameterValueException", message: "Could not unzip uploaded file. Please check your file, then try to upload again."},
		{name: "EscapingZip", zip: zipOf(t, map[string]string{"../../etc/passwd": "x"}), code: "InvalidParameterValueException", message: "Could not unzip uploaded file. Please check your file, then try to upload again."},
		{name: "LargeZip", zip: make([]byte, 52428800), code: "RequestEntityTooLargeException", message: "Zipped size must be smaller than 52428800 bytes"},
		{name: "RoleNotAssumable", prepare: func(w *world) { w.roles.unassumable = true }, code: "InvalidParameterValueException", message: "The role defined for the function cannot be assumed by Lambda."},
		{name: "ActiveWithoutRight", prepare: func(w *world) { w.roles.deny("xray:PutTraceSegments") }, code: "InvalidParameterValueException", message: "The provided execution role does not have permissions to call PutTraceSegments on XRAY"},
		{name: "Twice", prepare: func(w *world) { w.create(someFunction("fn")) }, code: "ResourceConflictException", message: "Function already exist: fn"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, echo(timing{}))
			defer w.close()
			if test.prepare != nil {
				test.prepare(w)
			}
			f := someFunction("fn")
			if test.change != nil {
				test.change(f)
			}
			data := good
			if test.zip != nil {
				data = test.zip
			}
			_, err := w.CreateFunction(context.Background(), f, data, false)
			if code(err) != test.code {
				t.Errorf("code %s, want %s", code(err), test.code)
			}
			if begin, cut := strings.CutSuffix(test.message, "…"); cut && !strings.HasPrefix(text(err), begin) || !cut && text(err) != test.message {
				t.Errorf("got  %.300s\nwant %.300s", text(err), test.message)
			}
			if fs, _ := w.Functions(context.Background(), home); test.prepare == nil && len(fs) != 0 {
				t.Errorf("a refused function is there: %v", fs)
			}
		})
	}
}

// TestUnzippedSize counts what entries hold, not what they say.
func TestUnzippedSize(t *testing.T) {
	files := zipOf(t, map[string]string{"a": string(make([]byte, 6000)), "b": string(make([]byte, 4000))})
	if err := readZip(files, 10001); err != nil {
		t.Error(err)
	}
	for _, limit := range []int64{10000, 5000, 1} {
		if err := readZip(files, limit); text(err) != fmt.Sprintf("Unzipped size must be smaller than %d bytes", limit) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// damaged changes a byte of the first file's data.
func damaged(zip []byte) []byte {
	bad := append([]byte(nil), zip...)
	bad[36] ^= 0xff // past the local header of 30 bytes and the name of 6
	return bad
}

func TestTelemetryRightIsNotRequired(t *testing.T) {
	w := newWorld(t, echo(timing{}))
	defer w.close()
	w.roles.deny("xray:PutTelemetryRecords")
	w.create(someFunction("fn"))
}

func TestPassThroughNeedsNoRight(t *testing.T) {
	w := newWorld(t, echo(timing{}))
	defer w.close()
	w.roles.deny(putTraceSegments)
	f := someFunction("fn")
	f.Tracing = ""
	if got := w.create(f); got.Tracing != radiograph.TracingPassThrough {
		t.Errorf("mode %q", got.Tracing)
	}
	_, err := w.UpdateConfiguration(context.Background(), home, "fn", func(f *radiograph.Function) error {
		f.Tracing = radiograph.TracingActive
		return nil
	}, "")
	if text(err) != "The provided execution role does not have permissions to call PutTraceSegments on XRAY" {
		t.Errorf("got %v", err)
	}
	if f, _ := w.Function(context.Background(), home, "fn", ""); f.Tracing != radiograph.TracingPassThrough {
		t.Error("a refused change was made")
	}
}

func TestStates(t *testing.T) {
	in(t, func(t *testing.T) {
		ctx := context.Background()
		w := newWorld(t, echo(timing{}))
		defer w.close()
		f := w.create(someFunction("fn"))
		want := &radiograph.Function{
			Tenant: home, Name: "fn", Version: "$LATEST", Role: goodRole, Runtime: "python3.12", Handler: "app.handler",
			Timeout: 1, MemorySize: 128, Tracing: "Active", Architecture: "x86_64", PackageType: "Zip", EphemeralMB: 512,
			CodeSHA256: f.CodeSHA256, CodeSize: f.CodeSize, LastModified: time.Now().UTC(), RevisionID: f.RevisionID,
			State: "Pending", StateReason: "The function is being created.", StateReasonCode: "Creating",
		}
		if diff := cmp.Diff(want, f); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		synctest.Wait()
		f, _ = w.Function(ctx, home, "fn", "")
		want.State, want.StateReason, want.StateReasonCode, want.LastUpdateStatus = "Active", "", "", "Successful"
		if diff := cmp.Diff(want, f); diff != "" {
			t.Errorf("settled (-want +got):\n%s", diff)
		}
		time.Sleep(time.Second)
		updated, err := w.UpdateConfiguration(ctx, home, "fn", func(f *radiograph.Function) error { f.Timeout = 7; return nil }, f.RevisionID)
		if err != nil {
			t.Fatal(err)
		}
		if updated.State != "Active" || updated.LastUpdateStatus != "InProgress" || updated.LastUpdateStatusReasonID != "Creating" || updated.RevisionID == f.RevisionID || updated.Timeout != 7 || !updated.LastModified.After(f.LastModified) {
			t.Errorf("updated %+v", updated)
		}
		if _, err := w.UpdateConfiguration(ctx, home, "fn", func(*radiograph.Function) error { return nil }, f.RevisionID); code(err) != "PreconditionFailedException" {
			t.Errorf("an old revision: %v", err)
		}
		synctest.Wait()
		if f, _ = w.Function(ctx, home, "fn", "$LATEST"); f.LastUpdateStatus != "Successful" || f.LastUpdateStatusReason != "" {
			t.Errorf("settled %+v", f)
		}
	})
}

// TestSurvivesRestart checks that a new process has the functions, their
// versions and the numbers given before.
func TestSurvivesRestart(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, echo(timing{}))
	f := someFunction("fn")
	f.Environment, f.Tags = map[string]string{"AB": "1"}, map[string]string{"team": "a"}
	w.create(f)
	other := someFunction("fn")
	other.Tenant.Region = "odd/region"
	w.create(other)
	for range 2 {
		if _, err := w.UpdateConfiguration(ctx, home, "fn", func(f *radiograph.Function) error { f.Timeout++; return nil }, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := w.PublishVersion(ctx, home, "fn", "", "", ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.DeleteFunction(ctx, home, "fn", "2"); err != nil {
		t.Fatal(err)
	}
	after := newWorldOn(t, w.state.crashed(), echo(timing{}))
	defer after.close()
	w.close()
	want, _ := w.Versions(ctx, home, "fn")
	got, err := after.Versions(ctx, home, "fn")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if fs, _ := after.Functions(ctx, other.Tenant); len(fs) != 1 {
		t.Errorf("%d functions in the other region", len(fs))
	}
	// A number is never given twice.
	if v, err := after.PublishVersion(ctx, home, "fn", "", "", ""); err != nil || v.Version != "3" {
		t.Errorf("published %+v, %v", v, err)
	}
}

func TestPublish(t *testing.T) {
	in(t, func(t *testing.T) {
		ctx := context.Background()
		w := newWorld(t, echo(timing{}))
		defer w.close()
		w.create(someFunction("fn"))
		publish := func(description string) *radiograph.Function {
			t.Helper()
			f, err := w.PublishVersion(ctx, home, "fn", description, "", "")
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return f
		}
		first := publish("one")
		if first.Version != "1" || first.Description != "one" || first.State != "Pending" || first.ARN() != "arn:aws:lambda:eu-west-1:123456789012:function:fn:1" {
			t.Errorf("first %+v", first)
		}
		if again := publish("other words"); again.Version != "1" || again.Description != "one" || again.RevisionID != first.RevisionID {
			t.Errorf("unchanged, yet published %+v", again)
		}
		_, err := w.UpdateConfiguration(ctx, home, "fn", func(f *radiograph.Function) error {
			f.Tracing = radiograph.TracingPassThrough
			return nil
		}, "")
		if err != nil {
			t.Fatal(err)
		}
		if v, _ := w.Function(ctx, home, "fn", "1"); v.Tracing != radiograph.TracingActive || v.State != "Active" {
			t.Errorf("version 1 is not frozen: %+v", v)
		}
		if second := publish(""); second.Version != "2" || second.Tracing != radiograph.TracingPassThrough {
			t.Errorf("second %+v", second)
		}
		code3, err := w.UpdateCode(ctx, home, "fn", zipOf(t, map[string]string{"app.py": "other"}), true, "")
		if err != nil || code3.Version != "3" {
			t.Errorf("code published as %+v, %v", code3, err)
		}
		wrong := base64.StdEncoding.EncodeToString([]byte("x"))
		if _, err := w.PublishVersion(ctx, home, "fn", "", wrong, ""); text(err) != "CodeSHA256 ("+wrong+") is different from current CodeSHA256 in $LATEST ("+CodeSHA256(code3)+"). Please try again with the CodeSHA256 in $LATEST." {
			t.Errorf("got %v", err)
		}
		vs, err := w.Versions(ctx, home, "fn")
		var names []string
		for _, v := range vs {
			names = append(names, v.Version)
		}
		if diff := cmp.Diff([]string{"$LATEST", "1", "2", "3"}, names); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestMissing(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, echo(timing{}))
	defer w.close()
	w.create(someFunction("fn"))
	arn := "arn:aws:lambda:eu-west-1:123456789012:function:"
	get := func(name, qualifier string) error {
		_, err := w.Function(ctx, home, name, qualifier)
		return err
	}
	other := home
	other.Account = "210987654321"
	_, invoke := w.Invoke(ctx, w.request(radiograph.InvokeRequest{Function: "none", Qualifier: "$LATEST"}))
	_, otherAccount := w.Function(ctx, other, "fn", "")
	_, versions := w.Versions(ctx, home, "none")
	_, update := w.UpdateConfiguration(ctx, home, "none", nil, "")
	_, updateCode := w.UpdateCode(ctx, home, "none", nil, false, "")
	_, publish := w.PublishVersion(ctx, home, "none", "", "", "")
	for _, test := range []struct {
		err  error
		code string
		want string
	}{
		{get("none", ""), "ResourceNotFoundException", "Function not found: " + arn + "none"},
		{get("fn", "7"), "ResourceNotFoundException", "Function not found: " + arn + "fn:7"},
		{get("fn", "live"), "ResourceNotFoundException", "Cannot find alias arn: " + arn + "fn:live"},
		{invoke, "ResourceNotFoundException", "Function not found: " + arn + "none:$LATEST"},
		{otherAccount, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-west-1:210987654321:function:fn"},
		{versions, "ResourceNotFoundException", "Function not found: " + arn + "none"},
		{update, "ResourceNotFoundException", "Function not found: " + arn + "none"},
		{updateCode, "ResourceNotFoundException", "Function not found: " + arn + "none"},
		{publish, "ResourceNotFoundException", "Function not found: " + arn + "none"},
		{w.DeleteFunction(ctx, home, "none", ""), "ResourceNotFoundException", "Function not found: " + arn + "none"},
		{w.DeleteFunction(ctx, home, "fn", "7"), "ResourceNotFoundException", "Function not found: " + arn + "fn:7"},
		{w.DeleteFunction(ctx, home, "fn", "$LATEST"), "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function."},
	} {
		if code(test.err) != test.code || text(test.err) != test.want {
			t.Errorf("got  %s %v\nwant %s %s", code(test.err), test.err, test.code, test.want)
		}
	}
	if err := w.DeleteFunction(ctx, home, "fn", ""); err != nil {
		t.Error(err)
	}
	if err := get("fn", ""); code(err) != "ResourceNotFoundException" {
		t.Errorf("deleted, yet %v", err)
	}
	w.create(someFunction("fn")) // the name is free again
}

// TestAnswersAreCopies checks that who changes an answer changes nothing else.
func TestAnswersAreCopies(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, echo(timing{}))
	defer w.close()
	f := someFunction("fn")
	f.Environment = map[string]string{"AB": "1"}
	w.create(f)
	f.Environment["AB"] = "2"
	got, _ := w.Function(ctx, home, "fn", "")
	got.Environment["AB"] = "3"
	list, _ := w.Functions(ctx, home)
	list[0].Environment["AB"] = "4"
	if got, _ = w.Function(ctx, home, "fn", ""); got.Environment["AB"] != "1" {
		t.Errorf("the environment became %v", got.Environment)
	}
}
