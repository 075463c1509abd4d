-- What a hooks plugin sees of a hook: which tasks come before it, what it makes, what it wants for
-- itself. Read-only, and worked out when it is asked for: a plugin that runs hooks in their order
-- asks for none of it.
-- SPDX-License-Identifier: MIT
local paths = require("ggen.paths")

local M = {}

local made = {}

function made.name(view) return view._hook.name end

function made.index(view) return view._hook.index end

-- The names of the tasks that its task waits for.
function made.after(view)
  if view._hook.after then return view._hook.after() end
  local project, index, names = view._project, view._hook.index, {}
  for _, kind in ipairs(index and { "needs", "after" } or {}) do
    for _, other in ipairs(project.graph:needs(index, kind)) do
      names[#names + 1] = project:id(other)
    end
  end
  return names
end

-- What a phase of a make.toml says that it makes counts also when it is not cached.
local function declared_outputs(task, project)
  local list, data = {}, task.spec.lifecycle
  for i, path in ipairs(data.placed_outputs or data.outputs or {}) do
    path = paths.joined(paths.relative_dir(task.dir, project.dir), path) or path
    list[i] = path:gsub("/$", "")
  end
  return list
end

function made.outputs(view)
  local project, index = view._project, view._hook.index
  if not index then return {} end
  local task = project:task(index)
  if task.spec.lifecycle and not task.spec.outputs then return declared_outputs(task, project) end
  return (require("ggen.outputs").patterns(task, project.dir))
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
  return setmetatable({}, { __name = "ggen.Hook", __newindex = refuse, __index = function(_, key)
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
