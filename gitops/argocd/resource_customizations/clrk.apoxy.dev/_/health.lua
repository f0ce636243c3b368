-- Health of every kind of clrk.apoxy.dev, from the conditions kstatus reads. Plain Lua: argocd-cm offers no string library.
local health = { status = "Progressing", message = "not yet reconciled" }

if obj.metadata.deletionTimestamp ~= nil then
  health.message = "being deleted"
  return health
end

-- Suspended by the action of that name: the pool is meant to have no workers.
local annotations = obj.metadata.annotations
if annotations ~= nil and annotations["clrk.apoxy.dev/suspended-replicas"] ~= nil
    and obj.spec ~= nil and obj.spec.replicas == 0 then
  return { status = "Suspended", message = "suspended: no workers" }
end

local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
if status.observedGeneration ~= nil and status.observedGeneration ~= obj.metadata.generation then
  health.message = "the newest generation is not reconciled yet"
  return health
end

local ready = nil
for _, condition in ipairs(status.conditions) do
  if condition.type == "Stalled" and condition.status == "True" then
    return { status = "Degraded", message = condition.message }
  end
  if condition.type == "Reconciling" and condition.status == "True" then
    return { status = "Progressing", message = condition.message }
  end
  if condition.type == "Ready" then
    ready = condition
  end
end

if ready ~= nil then
  health.message = ready.message
  if ready.status == "True" then
    health.status = "Healthy"
  end
end
return health
