-- Brings back as many workers as there were before `suspend`, or one.
local annotations = obj.metadata.annotations or {}
local kept = annotations["clrk.apoxy.dev/suspended-replicas"]
obj.spec.replicas = tonumber(kept) or 1
annotations["clrk.apoxy.dev/suspended-replicas"] = nil
obj.metadata.annotations = annotations
return obj
