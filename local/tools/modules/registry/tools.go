//go:build tools

// Package tools pins the module that `local/tools` builds the OCI registry from.
package tools

import _ "github.com/distribution/distribution/v3/cmd/registry"
