-- Ends all workers of the pool after they have drained; how many there were is kept for `resume`.
local annotations = obj.metadata.annotations or {}
local replicas = obj.spec.replicas
if replicas == nil then
  replicas = 1
end
annotations["clrk.apoxy.dev/suspended-replicas"] = tostring(replicas)
obj.metadata.annotations = annotations
obj.spec.replicas = 0
return obj
