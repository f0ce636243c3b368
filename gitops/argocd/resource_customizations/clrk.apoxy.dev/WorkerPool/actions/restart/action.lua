-- Replaces the workers one after another, as `kubectl rollout restart` does.
local os = require("os")
local template = obj.spec.template or {}
local metadata = template.metadata or {}
local annotations = metadata.annotations or {}
annotations["clrk.apoxy.dev/restartedAt"] = os.date("!%Y-%m-%dT%XZ")
metadata.annotations = annotations
template.metadata = metadata
obj.spec.template = template
return obj
