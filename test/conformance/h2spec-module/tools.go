//go:build tools

// Pins h2spec and everything it is built from; the Go checksum database vouches for the rest.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
