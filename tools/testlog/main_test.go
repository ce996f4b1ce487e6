package main

import (
	"strings"
	"testing"
)

func TestSummarize(t *testing.T) {
	const sound = `{"Action":"run","Package":"m/p","Test":"TestA"}
{"Action":"output","Package":"m/p","Test":"TestA","Output":"quiet\n"}
{"Action":"pass","Package":"m/p","Test":"TestA","Elapsed":0.5}
{"Action":"pass","Package":"m/p","Elapsed":1}
`
	const broken = sound + `go: something odd
{"Action":"output","Package":"m/q","Test":"TestB","Output":"q_test.go:7: loud\n"}
{"Action":"fail","Package":"m/q","Test":"TestB","Elapsed":0}
`
	tests := []struct {
		name, in, want string
		failed, isErr  bool
	}{
		{"sound", sound, "PASS m/p TestA (0.50s)\nPASS m/p (1.00s)\n1 passed, 0 failed, 0 skipped\n", false, false},
		{"broken", broken, "PASS m/p TestA (0.50s)\nPASS m/p (1.00s)\ngo: something odd\nFAIL m/q TestB (0.00s)\nq_test.go:7: loud\n1 passed, 1 failed, 0 skipped\n", true, false},
		{"nothing", "", "0 passed, 0 failed, 0 skipped\n", true, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			failed, err := summarize(strings.NewReader(test.in), &out)
			if failed != test.failed || (err != nil) != test.isErr || out.String() != test.want {
				t.Errorf("failed %v, error %v, wrote:\n%s", failed, err, out.String())
			}
		})
	}
}
