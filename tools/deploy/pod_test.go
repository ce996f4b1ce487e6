package deploy

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// maxDuration is what --max-duration says, in seconds; 0 without it.
func maxDuration(t *testing.T, args []string) int64 {
	t.Helper()
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--max-duration="); ok {
			d, err := time.ParseDuration(value)
			if err != nil {
				t.Fatal(err)
			}
			return int64(d / time.Second)
		}
	}
	return 0
}

// TestKubernetesState checks that the state of runs, which undo needs, is on a
// volume that outlives the pod, and that every mount has its volume.
func TestKubernetesState(t *testing.T) {
	all, made := manifests(t)
	for file, w := range all {
		c, claims := w.container(t), map[string]string{}
		var volumes []string
		for _, v := range w.job.Template.Spec.Volumes {
			volumes = append(volumes, v.Name)
			if v.PersistentVolumeClaim != nil {
				claims[v.Name] = v.PersistentVolumeClaim.ClaimName
			}
		}
		var state, temporary bool
		for _, mount := range c.VolumeMounts {
			if !slices.Contains(volumes, mount.Name) {
				t.Errorf("%s: no volume %q", file, mount.Name)
			}
			state = state || mount.MountPath == variable(c, "XDG_STATE_HOME") && !mount.ReadOnly && slices.Contains(made, claims[mount.Name])
			temporary = temporary || mount.MountPath == "/tmp"
		}
		if !state || !temporary {
			t.Errorf("%s: state on a claim of its own: %t, a /tmp that can be written to: %t", file, state, temporary)
		}
	}
}

func variable(c corev1.Container, name string) string {
	for _, env := range c.Env {
		if env.Name == name {
			return env.Value
		}
	}
	return ""
}

// TestKubernetesSecrets checks that no URI of a database stands in a manifest,
// and that what names one leads to a secret.
func TestKubernetesSecrets(t *testing.T) {
	for file, w := range workloads(t) {
		c, found := w.container(t), 0
		secrets := secretPaths(w.job.Template.Spec, c)
		for _, arg := range c.Args {
			name, value, _ := strings.Cut(arg, "=")
			if !strings.HasSuffix(name, "-uri") {
				continue
			}
			found++
			if !slices.ContainsFunc(secrets, func(s string) bool { return value == s || strings.HasSuffix(s, "/") && strings.HasPrefix(value, s) }) {
				t.Errorf("%s: %s is not from a secret, of which there are %q", file, arg, secrets)
			}
		}
		if found == 0 {
			t.Errorf("%s: no database", file)
		}
	}
}

// secretPaths are the env:VAR that a secret fills, and the file:DIR/ of those mounted.
func secretPaths(pod corev1.PodSpec, c corev1.Container) []string {
	var paths []string
	for _, env := range c.Env {
		if env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil {
			paths = append(paths, "env:"+env.Name)
		}
	}
	for _, v := range pod.Volumes {
		for _, mount := range c.VolumeMounts {
			if v.Secret != nil && mount.Name == v.Name && mount.ReadOnly {
				paths = append(paths, "file:"+mount.MountPath+"/")
			}
		}
	}
	return paths
}

// TestKubernetesSecurity holds the pods to the "restricted" standard, and to the
// user that the image has.
func TestKubernetesSecurity(t *testing.T) {
	for file, w := range workloads(t) {
		pod, c := w.job.Template.Spec, w.container(t)
		p, s := pod.SecurityContext, c.SecurityContext
		if p == nil || s == nil {
			t.Fatalf("%s: no securityContext", file)
		}
		for what, ok := range map[string]bool{
			"runAsNonRoot":             p.RunAsNonRoot != nil && *p.RunAsNonRoot,
			"runAsUser":                p.RunAsUser != nil && *p.RunAsUser == 65532,
			"fsGroup":                  p.FSGroup != nil && *p.FSGroup == 65532,
			"seccompProfile":           p.SeccompProfile != nil && p.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
			"allowPrivilegeEscalation": s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation,
			"readOnlyRootFilesystem":   s.ReadOnlyRootFilesystem != nil && *s.ReadOnlyRootFilesystem,
			"capabilities":             s.Capabilities != nil && len(s.Capabilities.Add) == 0 && slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}),
			"requests":                 len(c.Resources.Requests) == 2,
			"limits":                   !c.Resources.Limits.Memory().IsZero(),
			"token":                    pod.AutomountServiceAccountToken != nil && !*pod.AutomountServiceAccountToken,
			"command":                  len(c.Command) == 0,
		} {
			if !ok {
				t.Errorf("%s: %s", file, what)
			}
		}
	}
}

// TestKubernetesArguments gives the arguments to the program, which looks at their
// names and kinds before it gives help.
func TestKubernetesArguments(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	program := filepath.Join(t.TempDir(), "medialift")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/medialift")
	build.Dir, build.Env = path.Clean(tree), append(os.Environ(), "CGO_ENABLED=0") // as "make build", so that all is compiled already
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for file, w := range workloads(t) {
		args := w.container(t).Args
		if out, err := exec.CommandContext(t.Context(), program, append(args, "--help")...).CombinedOutput(); err != nil {
			t.Errorf("%s: %q: %v\n%s", file, args, err, out)
		}
		if out, err := exec.CommandContext(t.Context(), program, append(args, "--no-such-flag", "--help")...).CombinedOutput(); err == nil {
			t.Errorf("a flag that does not exist is taken:\n%s", out)
		}
	}
}
