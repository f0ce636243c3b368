local actions = {}
actions["restart"] = { ["disabled"] = false }
return actions
