package sandbox

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"radiograph"
)

// place is where an environment finds its surroundings.
type place struct {
	taskRoot   string
	temporary  string // folder for temporary files
	runtimeAPI string // host:port
	daemonHost string // "": there is no daemon
	daemonPort string
	endpoint   string // AWS_ENDPOINT_URL, or ""
	hostPath   string // the server's own PATH
}

// The AWS guide's reserved keys: a function's configuration cannot set them, and
// if one came here nevertheless, ours would win.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func reservedVariables(spec *radiograph.EnvironmentSpec, r *prepared, p *place) map[string]string {
	f := spec.Function
	v := map[string]string{
		"_HANDLER":                        f.Handler,
		"AWS_REGION":                      string(f.Tenant.Region),
		"AWS_DEFAULT_REGION":              string(f.Tenant.Region),
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemorySize),
		"AWS_LAMBDA_FUNCTION_VERSION":     f.Version,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       f.LogGroup(),
		"AWS_LAMBDA_LOG_STREAM_NAME":      spec.LogStream,
		"AWS_ACCESS_KEY_ID":               spec.Credentials.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":           spec.Credentials.SecretAccessKey,
		"AWS_SESSION_TOKEN":               spec.Credentials.SessionToken,
		"AWS_LAMBDA_RUNTIME_API":          p.runtimeAPI,
		"LAMBDA_TASK_ROOT":                p.taskRoot,
		"LAMBDA_RUNTIME_DIR":              r.runtimeDir,
	}
	if r.managed {
		v["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + f.Runtime
	}
	if p.daemonHost != "" {
		v["_AWS_XRAY_DAEMON_ADDRESS"] = p.daemonHost
		v["_AWS_XRAY_DAEMON_PORT"] = p.daemonPort
	}
	return v
}

// variables is the whole environment of a function's process, sorted. Nothing of
// the server's own environment is in it but folders to find programs in. The
// trace id is not: runtimes set it for each invocation, and while they
// initialize there is none.
func variables(spec *radiograph.EnvironmentSpec, r *prepared, p *place) []string {
	v := map[string]string{
		"AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
		"LANG":                     "en_US.UTF-8",
		"TZ":                       ":UTC",
		"PATH":                     searchPath(r.binDir, p.hostPath),
		"LD_LIBRARY_PATH":          libraryPath(r.runtimeDir, p.taskRoot),
		"TMPDIR":                   p.temporary, // ours: /tmp is the whole machine's here
	}
	if p.daemonHost != "" {
		v["AWS_XRAY_DAEMON_ADDRESS"] = p.daemonHost + ":" + p.daemonPort
	}
	if p.endpoint != "" {
		v["AWS_ENDPOINT_URL"] = p.endpoint // ours: the SDKs' calls stay here
	}
	if r.variables != nil {
		maps.Copy(v, r.variables(p.taskRoot))
	}
	maps.Copy(v, spec.Function.Environment)
	for name, value := range r.appended {
		if user := spec.Function.Environment[name]; user != "" {
			value = user + string(filepath.ListSeparator) + value
		}
		v[name] = value
	}
	maps.Copy(v, reservedVariables(spec, r, p))
	list := make([]string, 0, len(v))
	for name, value := range v {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			continue // cannot be passed to a process
		}
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// searchPath is Lambda's PATH with the runtime's programs where /var/lang/bin
// stands, and then the folders in which this machine keeps its programs.
func searchPath(binDir, host string) string {
	dirs := []string{"/usr/local/bin", "/usr/bin/", "/bin", "/opt/bin"}
	if binDir != "" {
		dirs = append([]string{binDir}, dirs...)
	}
	for _, d := range filepath.SplitList(host) {
		if filepath.IsAbs(d) && !slices.ContainsFunc(dirs, func(x string) bool { return filepath.Clean(x) == filepath.Clean(d) }) {
			dirs = append(dirs, d)
		}
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

func libraryPath(runtimeDir, taskRoot string) string {
	return strings.Join([]string{
		"/lib64", "/usr/lib64", runtimeDir, filepath.Join(runtimeDir, "lib"),
		taskRoot, filepath.Join(taskRoot, "lib"), "/opt/lib",
	}, string(filepath.ListSeparator))
}

func hostPath() string { return os.Getenv("PATH") }
