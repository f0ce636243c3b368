//go:build tools

// Package tools pins the module that `local/tools` builds etcd from; go.sum vouches for every byte.
package tools

import _ "go.etcd.io/etcd/server/v3"
