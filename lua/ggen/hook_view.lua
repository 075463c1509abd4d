-- What a hooks plugin sees of a hook: which tasks come before it, what it makes, what it wants for
-- itself. Read-only, and worked out when it is asked for: a plugin that runs hooks in their order
-- asks for none of it.
-- SPDX-License-Identifier: MIT
local M = {}

local made = {}

function made.name(view) return view._hook.name end

function made.index(view) return view._hook.index end

-- The names of the tasks that its task waits for.
function made.after(view)
  local project, index, names = view._project, view._hook.index, {}
  for _, kind in ipairs(index and { "needs", "after" } or {}) do
    for _, other in ipairs(project.graph:needs(index, kind)) do
      names[#names + 1] = project:id(other)
    end
  end
  return names
end

function made.outputs(view)
  local project, index = view._project, view._hook.index
  if not index then return {} end
  return require("ggen.definition").output_patterns(project:task(index), project.dir)
end

function made.exclusive(view)
  local index = view._hook.index
  return index and view._project:task(index).spec.exclusive or false
end

local function refuse(_, key)
  error(("a hook is read-only, %q cannot be set"):format(tostring(key)), 2)
end

-- Nothing of it is in the table that plugins have: what they set would be there.
local function view_of(inner)
  return setmetatable({}, { __newindex = refuse, __index = function(_, key)
    local value = inner[key]
    if value == nil and made[key] then
      value = made[key](inner)
      inner[key] = value
    end
    return value
  end })
end

---@param project ggen.Project
---@param list ggen.ProjectHook[]
---@return ggen.Hook[] views
---@return table<ggen.Hook, ggen.ProjectHook> hooks what each stands for
function M.of(project, list)
  local views, hooks = {}, {}
  for i, hook in ipairs(list) do
    local view = view_of({ _hook = hook, _project = project })
    views[i], hooks[view] = view, hook
  end
  return views, hooks
end

return M
