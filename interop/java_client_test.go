package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// java is the Java clients, built: their class path.
type java struct{ classes, program string }

var javaOnce = sync.OnceValues(func() (*java, error) { return installJava("clients/java") })

// javaClients builds the Java clients when they are not there yet.
func javaClients(t testing.TB) *java {
	t.Helper()
	return installed(t, "Java clients", javaOnce)
}

// installJava builds the Maven project of a folder.
func installJava(folder string) (*java, error) {
	if os.Getenv(clientsVar) == "off" {
		return nil, fmt.Errorf("%s=off", clientsVar)
	}
	program, err := exec.LookPath("java")
	if err != nil {
		return nil, err
	}
	maven, err := exec.LookPath("mvn")
	if err != nil {
		return nil, err
	}
	sources, err := filepath.Glob(filepath.Join(folder, "src/main/java/*.java"))
	if err != nil {
		return nil, err
	}
	files, err := readAll(append(sources, filepath.Join(folder, "pom.xml"))...)
	if err != nil {
		return nil, err
	}
	dir, err := cacheDir("java", slices.Concat(files...))
	if err != nil {
		return nil, err
	}
	j := &java{strings.Join([]string{filepath.Join(dir, "target", "classes"), filepath.Join(dir, "target", "dependency", "*")}, string(filepath.ListSeparator)), program}
	return j, install(dir, func(dir string) error {
		if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
			return err
		}
		return runIn(dir, maven, "--quiet", "--batch-mode", "compile", "dependency:copy-dependencies", "-DincludeScope=runtime")
	})
}

// args are the arguments of the java command that run a class. A short program is
// over before compiling it well would pay.
func (j *java) args(class string, args ...string) []string {
	return append([]string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp", j.classes, class}, args...)
}
