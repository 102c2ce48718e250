// Story is the story as the AWS SDK for Go tells it: story STORY prints the
// answers. The calls are found by reflection on the SDK's own client and types.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/aws/aws-sdk-go-v2/service/xray/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

type step struct {
	Op    string
	In    map[string]any
	Pages bool
	Until string
	Keep  map[string]string
}

type answer struct {
	Out     any    `json:"out,omitempty"`
	Pages   []any  `json:"pages,omitempty"`
	Error   string `json:"error,omitempty"`
	Message string `json:"message,omitempty"`
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))
	if err != nil {
		return err
	}
	b, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var steps []step
	if err := json.Unmarshal(b, &steps); err != nil {
		return err
	}
	client, kept, told := xray.NewFromConfig(cfg), map[string]string{}, []answer{}
	for _, s := range steps {
		path, want, _ := strings.Cut(s.Until, "=")
		var got answer
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if got, err = call(ctx, client, s, kept); err != nil {
				return err
			}
			if path == "" || look(got.Out, path) == want || time.Now().After(deadline) {
				break
			}
		}
		for name, where := range s.Keep {
			if v, ok := look(got.Out, where).(string); ok {
				kept["$"+name] = v
			}
		}
		told = append(told, got)
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

// call makes a step's call and knows its error by the exception's type.
func call(ctx context.Context, client *xray.Client, s step, kept map[string]string) (answer, error) {
	method := reflect.ValueOf(client).MethodByName(s.Op)
	if !method.IsValid() {
		return answer{}, fmt.Errorf("the SDK has no %s", s.Op)
	}
	in := reflect.New(method.Type().In(1).Elem())
	if err := fill(in.Elem(), s.In, kept); err != nil {
		return answer{}, fmt.Errorf("%s: %w", s.Op, err)
	}
	var got answer
	var err error
	if s.Pages {
		got.Pages, err = pages(ctx, client, in.Interface())
	} else {
		out := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})
		got.Out = plain(out[0])
		err, _ = out[1].Interface().(error)
	}
	if err == nil {
		return got, nil
	}
	var api smithy.APIError // *smithy.GenericAPIError is what it returns for a name it does not know
	if !errors.As(err, &api) {
		return answer{}, fmt.Errorf("%s: %w", s.Op, err)
	}
	return answer{Error: reflect.TypeOf(api).Elem().Name(), Message: api.ErrorMessage()}, nil
}

// pages drives the operation's paginator.
func pages(ctx context.Context, client *xray.Client, in any) ([]any, error) {
	switch in := in.(type) {
	case *xray.BatchGetTracesInput:
		return turn(ctx, xray.NewBatchGetTracesPaginator(client, in))
	case *xray.GetGroupsInput:
		return turn(ctx, xray.NewGetGroupsPaginator(client, in))
	case *xray.GetSamplingRulesInput:
		return turn(ctx, xray.NewGetSamplingRulesPaginator(client, in))
	case *xray.GetSamplingStatisticSummariesInput:
		return turn(ctx, xray.NewGetSamplingStatisticSummariesPaginator(client, in))
	case *xray.GetServiceGraphInput:
		return turn(ctx, xray.NewGetServiceGraphPaginator(client, in))
	case *xray.GetTimeSeriesServiceStatisticsInput:
		return turn(ctx, xray.NewGetTimeSeriesServiceStatisticsPaginator(client, in))
	case *xray.GetTraceGraphInput:
		return turn(ctx, xray.NewGetTraceGraphPaginator(client, in))
	case *xray.GetTraceSummariesInput:
		return turn(ctx, xray.NewGetTraceSummariesPaginator(client, in))
	case *xray.ListResourcePoliciesInput:
		return turn(ctx, xray.NewListResourcePoliciesPaginator(client, in))
	case *xray.ListTagsForResourceInput:
		return turn(ctx, xray.NewListTagsForResourcePaginator(client, in))
	}
	return nil, fmt.Errorf("no paginator for %T", in)
}

type paginator[Out any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*xray.Options)) (Out, error)
}

func turn[Out any](ctx context.Context, p paginator[Out]) (all []any, err error) {
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, plain(reflect.ValueOf(page)))
	}
	return all, nil
}

// fill sets an input's member from the story's value.
func fill(to reflect.Value, v any, kept map[string]string) error {
	switch {
	case to.Type() == reflect.TypeFor[time.Time]():
		to.Set(reflect.ValueOf(time.UnixMilli(int64(v.(float64) * 1000))))
		return nil
	case to.Type() == reflect.TypeFor[types.IndexingRuleValueUpdate]():
		var rule types.IndexingRuleValueUpdateMemberProbabilistic
		to.Set(reflect.ValueOf(&rule))
		return fill(reflect.ValueOf(&rule.Value).Elem(), v.(map[string]any)["Probabilistic"], kept)
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return fill(to.Elem(), v, kept)
	case reflect.String:
		s := v.(string)
		if k, ok := kept[s]; ok {
			s = k
		}
		to.SetString(s)
	case reflect.Bool:
		to.SetBool(v.(bool))
	case reflect.Int32, reflect.Int64:
		to.SetInt(int64(v.(float64)))
	case reflect.Float64:
		to.SetFloat(v.(float64))
	case reflect.Slice:
		list := v.([]any)
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
		for i, e := range list {
			if err := fill(to.Index(i), e, kept); err != nil {
				return err
			}
		}
	case reflect.Map:
		to.Set(reflect.MakeMap(to.Type()))
		for k, e := range v.(map[string]any) {
			to.SetMapIndex(reflect.ValueOf(k), reflect.ValueOf(e))
		}
	case reflect.Struct:
		for k, e := range v.(map[string]any) {
			member := to.FieldByName(k)
			if !member.IsValid() {
				return fmt.Errorf("%s has no member %s", to.Type(), k)
			}
			if err := fill(member, e, kept); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("a member of type %s", to.Type())
	}
	return nil
}

// plain is an answer as JSON would have it, absent members left out.
func plain(v reflect.Value) any {
	if t, ok := v.Interface().(time.Time); ok {
		return float64(t.UnixMicro()) / 1e6
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if member := v.Elem().Type().Name(); strings.Contains(member, "Member") { // one of a union
			_, name, _ := strings.Cut(member, "Member")
			return map[string]any{name: plain(v.Elem().FieldByName("Value"))}
		}
		return plain(v.Elem())
	case reflect.String: // enums too
		return v.String()
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	case reflect.Map:
		all := map[string]any{}
		for _, k := range v.MapKeys() {
			all[k.String()] = plain(v.MapIndex(k))
		}
		return all
	case reflect.Struct:
		all := map[string]any{}
		for i, f := range reflect.VisibleFields(v.Type()) {
			if f.IsExported() && f.Type != reflect.TypeFor[middleware.Metadata]() {
				all[f.Name] = plain(v.Field(i))
			}
		}
		return all
	}
	return v.Interface()
}

func look(v any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch container := v.(type) {
		case map[string]any:
			v = container[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(container) {
				return nil
			}
			v = container[i]
		}
	}
	return v
}
