package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The bars that the figures are compared with.
const (
	readyBar = 300 * time.Millisecond
	idleBar  = 60 << 20 // bytes
)

// BenchmarkStart starts the built program on SQLite with everything embedded,
// on ports of the system's choice and data that a first start has made, and
// waits until /readyz answers 200; after a while in which nothing happens it
// reads how much memory the process holds. of-ready-bar and of-idle-bar are
// these as parts of what is allowed; bare-ms is how long the same program takes
// to print its version, which is the least that any start costs.
func BenchmarkStart(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "xunjia")
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	p := program{binary: binary, vars: []string{
		"XUNJIA_DATA_DIR=" + b.TempDir(), "XUNJIA_LISTEN=127.0.0.1:0", "XUNJIA_OPS_LISTEN=127.0.0.1:0", "XUNJIA_SIM_LISTEN=127.0.0.1:0",
	}}
	first, _ := p.start(b, 0) // migrates and seeds
	var ready, bare []time.Duration
	var memory []int64
	for b.Loop() {
		took, held := p.start(b, 2*time.Second)
		ready, memory = append(ready, took), append(memory, held)
		began := time.Now()
		if out, err := exec.CommandContext(b.Context(), binary, "version").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		bare = append(bare, time.Since(began))
	}
	slices.Sort(ready)
	slices.Sort(bare)
	slices.Sort(memory)
	middle := len(ready) / 2
	milliseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(first), "first-ms")
	b.ReportMetric(milliseconds(ready[middle]), "ready-ms")
	b.ReportMetric(milliseconds(bare[middle]), "bare-ms")
	b.ReportMetric(ready[middle].Seconds()/readyBar.Seconds(), "of-ready-bar")
	b.ReportMetric(float64(memory[middle])/(1<<20), "idle-MiB")
	b.ReportMetric(float64(memory[middle])/idleBar, "of-idle-bar")
}

// program is the built binary and its environment.
type program struct {
	binary string
	vars   []string
}

// start runs the program until it is ready and then as long as idle, and stops
// it again. It answers how long it took to be ready and, on Linux, how many
// bytes it held at the end.
func (p program) start(b *testing.B, idle time.Duration) (ready time.Duration, memory int64) {
	b.Helper()
	cmd := exec.Command(p.binary)
	// Nothing of the developer's own environment.
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, p.vars...)
	cmd.Dir = b.TempDir()
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}()
	url, err := addressIn(out)
	if err != nil {
		b.Fatalf("%v\n%s", err, log.String())
	}
	for {
		res, err := http.Get(url + "/readyz")
		if err == nil {
			err = res.Body.Close()
		}
		if err == nil && res.StatusCode == http.StatusOK {
			break
		}
		if time.Since(began) > time.Minute {
			b.Fatalf("not ready: %v", err)
		}
		time.Sleep(time.Millisecond)
	}
	ready = time.Since(began)
	if idle > 0 {
		time.Sleep(idle)
		memory = resident(b, cmd.Process.Pid)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	// Waiting closes out, which is no longer needed.
	if err := cmd.Wait(); err != nil {
		b.Fatalf("%v\n%s", err, log.String())
	}
	ended = true
	return ready, memory
}

var greeting = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// addressIn reads the address of the site from what the program prints.
func addressIn(out io.Reader) (string, error) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url := greeting.FindString(lines.Text()); url != "" {
			return url, nil
		}
	}
	return "", fmt.Errorf("the program ended without an address")
}

// resident is how many bytes of memory a process holds.
func resident(b *testing.B, pid int) int64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("idle memory is read from /proc: ", err)
	}
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.Fields(kb)[0], 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return n << 10
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
