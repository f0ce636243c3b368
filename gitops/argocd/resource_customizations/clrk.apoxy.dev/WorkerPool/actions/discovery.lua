local actions = {}
local suspended = obj.spec ~= nil and obj.spec.replicas == 0
actions["restart"] = { ["disabled"] = suspended }
actions["suspend"] = { ["disabled"] = suspended }
actions["resume"] = { ["disabled"] = not suspended }
return actions
