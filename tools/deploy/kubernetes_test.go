package deploy

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// A workload is a job of deploy/kubernetes.
type workload struct {
	cron *batchv1.CronJobSpec // nil of a plain job
	job  batchv1.JobSpec
}

func (w workload) container(t *testing.T) corev1.Container {
	t.Helper()
	if n := len(w.job.Template.Spec.Containers); n != 1 {
		t.Fatalf("%d containers, want 1", n)
	}
	return w.job.Template.Spec.Containers[0]
}

// workloads reads the manifests, each with the name of its file.
func workloads(t *testing.T) map[string]workload {
	t.Helper()
	all, _ := manifests(t)
	if len(all) != 2 {
		t.Fatalf("%d workloads, want 2", len(all))
	}
	return all
}

// manifests reads the workloads, and the names of the volume claims; a field that
// Kubernetes does not have is an error, and so is a claim beside a workload, as
// deleting the one would delete the other.
func manifests(t *testing.T) (all map[string]workload, claims []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(tree, "deploy", "kubernetes", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all = map[string]workload{}
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, before := filepath.Base(path), len(claims)
		for _, document := range bytes.Split(content, []byte("\n---\n")) {
			strict := func(into any) {
				if err := yaml.UnmarshalStrict(document, into); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
			}
			var kind metav1.TypeMeta
			if err := yaml.Unmarshal(document, &kind); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			switch kind.APIVersion + " " + kind.Kind {
			case "v1 PersistentVolumeClaim":
				var claim corev1.PersistentVolumeClaim
				strict(&claim)
				claims = append(claims, claim.Name)
			case "batch/v1 CronJob":
				var cron batchv1.CronJob
				strict(&cron)
				all[file] = workload{&cron.Spec, cron.Spec.JobTemplate.Spec}
			case "batch/v1 Job":
				var job batchv1.Job
				strict(&job)
				all[file] = workload{nil, job.Spec}
			default:
				t.Fatalf("%s: %s %s is not known here", file, kind.APIVersion, kind.Kind)
			}
		}
		if _, ok := all[file]; ok && len(claims) > before {
			t.Errorf("%s: a claim in the file of a job is deleted with it", file)
		}
	}
	return all, claims
}

// exitCodes are those of the reference, which is written from the program.
func exitCodes(t *testing.T) []int32 {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(tree, "docs", "reference", "medialift-exit-codes.md"))
	if err != nil {
		t.Fatal(err)
	}
	var codes []int32
	for _, line := range regexp.MustCompile(`(?m)^ +(\d+)  `).FindAllSubmatch(page, -1) {
		code, err := strconv.ParseInt(string(line[1]), 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, int32(code))
	}
	if len(codes) < 7 || codes[0] != 0 {
		t.Fatalf("exit codes %v", codes)
	}
	return codes
}

// actions is what a job does after each exit code but 0. Nothing that can come
// again and again by itself is ignored.
var actions = map[int32]batchv1.PodFailurePolicyAction{
	1:   batchv1.PodFailurePolicyActionCount,
	2:   batchv1.PodFailurePolicyActionFailJob,
	3:   batchv1.PodFailurePolicyActionCount,
	4:   batchv1.PodFailurePolicyActionFailJob,
	5:   batchv1.PodFailurePolicyActionCount,
	130: batchv1.PodFailurePolicyActionIgnore,
}

func TestKubernetesExitCodes(t *testing.T) {
	codes := exitCodes(t)
	for file, w := range workloads(t) {
		rules := w.job.PodFailurePolicy.Rules
		for _, code := range codes {
			i := slices.IndexFunc(rules, func(r batchv1.PodFailurePolicyRule) bool {
				return r.OnExitCodes != nil && slices.Contains(r.OnExitCodes.Values, code)
			})
			switch {
			case code == 0 && i >= 0:
				t.Errorf("%s: a rule for 0, which is no failure", file)
			case code != 0 && i < 0:
				t.Errorf("%s: no rule for exit code %d", file, code)
			case code != 0 && rules[i].Action != actions[code]:
				t.Errorf("%s: exit code %d: %s, want %s", file, code, rules[i].Action, actions[code])
			}
		}
	}
}

// TestKubernetesPolicy checks what a cluster would of podFailurePolicy.
func TestKubernetesPolicy(t *testing.T) {
	for file, w := range workloads(t) {
		container, rules := w.container(t).Name, w.job.PodFailurePolicy.Rules
		if w.job.Template.Spec.RestartPolicy != corev1.RestartPolicyNever {
			t.Errorf("%s: restartPolicy %q, and podFailurePolicy needs Never", file, w.job.Template.Spec.RestartPolicy)
		}
		if r := w.job.PodReplacementPolicy; r != nil && *r != batchv1.Failed {
			t.Errorf("%s: podReplacementPolicy %q, and podFailurePolicy needs Failed", file, *r)
		}
		if len(rules) == 0 || len(rules) > 20 {
			t.Fatalf("%s: %d rules", file, len(rules))
		}
		first := rules[0]
		if first.Action != batchv1.PodFailurePolicyActionIgnore || len(first.OnPodConditions) != 1 ||
			first.OnPodConditions[0].Type != corev1.DisruptionTarget {
			t.Errorf("%s: a disruption must be ignored before all else, not %+v", file, first)
		}
		for i, rule := range rules {
			if (rule.OnExitCodes == nil) == (len(rule.OnPodConditions) == 0) {
				t.Errorf("%s: rule %d: one of onExitCodes and onPodConditions", file, i)
			}
			for _, condition := range rule.OnPodConditions {
				if condition.Status != corev1.ConditionTrue {
					t.Errorf("%s: rule %d: status %q", file, i, condition.Status)
				}
			}
			if rule.OnExitCodes != nil {
				checkExitCodes(t, file, container, *rule.OnExitCodes)
			}
		}
	}
}

func checkExitCodes(t *testing.T, file, container string, on batchv1.PodFailurePolicyOnExitCodesRequirement) {
	t.Helper()
	if on.ContainerName == nil || *on.ContainerName != container {
		t.Errorf("%s: rule for %v: container %v, want %s", file, on.Values, on.ContainerName, container)
	}
	if on.Operator != batchv1.PodFailurePolicyOnExitCodesOpIn {
		t.Errorf("%s: rule for %v: operator %q, want In: NotIn would match what nobody thought of", file, on.Values, on.Operator)
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(on.Values)))
	if len(sorted) == 0 || !slices.Equal(sorted, on.Values) || sorted[0] < 1 || sorted[len(sorted)-1] > 255 {
		t.Errorf("%s: values %v: want 1 to 255, each once, in order", file, on.Values)
	}
}

// TestKubernetesTimes checks that everything ends, and in good order.
func TestKubernetesTimes(t *testing.T) {
	for file, w := range workloads(t) {
		if grace := w.job.Template.Spec.TerminationGracePeriodSeconds; grace == nil || *grace < 15 {
			t.Errorf("%s: terminationGracePeriodSeconds: after SIGTERM medialift takes up to 10", file)
		}
		if w.job.ActiveDeadlineSeconds == nil || w.job.BackoffLimit == nil {
			t.Fatalf("%s: activeDeadlineSeconds and backoffLimit end what goes on for ever", file)
		}
		if limit := maxDuration(t, w.container(t).Args); limit >= *w.job.ActiveDeadlineSeconds {
			t.Errorf("%s: --max-duration of %d s, activeDeadlineSeconds %d", file, limit, *w.job.ActiveDeadlineSeconds)
		}
		if w.cron == nil {
			continue
		}
		if w.cron.ConcurrencyPolicy != batchv1.ForbidConcurrent || w.cron.StartingDeadlineSeconds == nil {
			t.Errorf("%s: concurrencyPolicy %q, startingDeadlineSeconds %v", file, w.cron.ConcurrencyPolicy, w.cron.StartingDeadlineSeconds)
		}
		if len(strings.Fields(w.cron.Schedule)) != 5 || w.cron.TimeZone == nil {
			t.Errorf("%s: schedule %q, timeZone %v", file, w.cron.Schedule, w.cron.TimeZone)
		}
	}
}
