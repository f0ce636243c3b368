//go:build tools

// Package tools pins the module that `local/tools` builds kube-score from.
package tools

import _ "github.com/zegl/kube-score/cmd/kube-score"
