//go:build tools

// Package tools pins the module that `local/tools` builds runsc from (a commit of gVisor's generated go branch).
package tools

import _ "gvisor.dev/gvisor/runsc"
