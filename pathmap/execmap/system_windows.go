package execmap

import (
	"os/exec"
	"strings"
)

func separate(*exec.Cmd) {}

// startTied starts the program. When this process is killed, the program meets
// the end of its input.
func startTied(cmd *exec.Cmd, _ <-chan struct{}) error { return cmd.Start() }

func killAll(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // it may have ended by itself
}

func trimEnd(line string) string { return strings.TrimSuffix(line[:len(line)-1], "\r") }
