//go:build tools

// Package tools pins the module that `local/tools` builds nats-server from.
package tools

import _ "github.com/nats-io/nats-server/v2"
