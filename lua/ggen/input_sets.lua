-- Which files the inputs of a task are, as sets for the engine (engine/incremental/definitions.h):
-- those that its patterns name, or all of its directory, without what tasks and plugins write.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local paths = require("ggen.paths")
local trace_files = require("ggen.trace_files")

local M = {}

-- The part of a pattern's path below a directory, or nil when it is not there.
local function below(path, base)
  if base == "" then return path end
  if path:sub(1, #base + 1) == base .. "/" then return path:sub(#base + 2) end
  -- The output is a directory that this one lies in: everything here is an output.
  if base == path or base:sub(1, #path + 1) == path .. "/" then return "**" end
end

-- The same of a pattern with "!": one with wildcards above may leave anything in.
local function left_in_below(path, base)
  local found = below(path, base)
  local area = paths.area(path)
  if found or area == path or base:sub(1, #area) ~= area then return found end
  return "**"
end

-- An excluded output: the path itself and, if it is a directory, all below. `left_in` is "!" for
-- what is none of the outputs after all.
local function add_excluded(list, path, left_in)
  local prefix = left_in or ""
  list[#list + 1] = prefix .. path
  if not path:match("%*%*$") then list[#list + 1] = prefix .. path .. "/**" end
end

-- The directories of a pattern before its first wildcard.
local function fixed_part(pattern)
  local fixed = paths.area(pattern)
  if #fixed == #pattern then return pattern end
  return fixed:match("^(.*)/") or ""
end

---Whether inputs name what an output covers: such a task changes its own sources, and without them
---in its key they would be taken back to what they were.
---@param inputs string[]? as a task declares them
---@param output string pattern relative to the same directory
---@return boolean
function M.named_as_input(inputs, output)
  local area = fixed_part(output)
  for _, pattern in ipairs(inputs or {}) do
    local part = pattern:sub(1, 1) ~= "!" and fixed_part((pattern:gsub("^%./", "")))
    if part and (part == area or (area ~= "" and part:sub(1, #area + 1) == area .. "/")
      or part == output) then
      return true
    end
  end
  return false
end

---What observers and --trace write at the end of a run is no source of the next one.
---@param plugins ggen.Registry
---@param root string absolute
---@return string[] patterns relative to the root
function M.reports(plugins, root)
  local found = {}
  for i, path in ipairs(trace_files.read(root)) do found[i] = paths.escaped(path) end
  for _, instance in ipairs(plugins:all("observer")) do
    for _, path in ipairs(instance.impl.writes or {}) do
      local relative = path:sub(1, 1) ~= "/" and path
        or path:sub(1, #root + 1) == root .. "/" and path:sub(#root + 2)
      if relative then found[#found + 1] = paths.escaped((relative:gsub("^%./", ""))) end
    end
  end
  return found
end

-- The declared outputs below a directory, relative to it.
local function excluded(builder, base)
  local list = {}
  base = paths.escaped(base)
  for _, output in ipairs(builder.outputs) do
    -- What a hook makes no task needs: nothing but the file itself can tell that it is another.
    local find = output.left_out and left_in_below or below
    local path = not output.is_hook and find(output.path, base)
    if path then add_excluded(list, path, output.left_out and "!") end
  end
  for _, report in ipairs(builder.reports) do
    local path = below(report, base)
    if path and path ~= "**" then add_excluded(list, path) end
  end
  return list
end

---@param builder table of define.lua
---@param task table { spec, base, task }
---@return integer? set the number of the set of its inputs
---@return integer[] extra those of what lies elsewhere
function M.of(builder, task)
  local spec, exclude, extra = task.spec, {}, {}
  for _, pattern in ipairs(spec.outputs or spec.full_outputs or {}) do
    local left_in, output = pattern:gsub("/$", ""):match("^(!?)(.*)$")
    if output:sub(1, 3) ~= "../" and not M.named_as_input(spec.inputs, output) then
      add_excluded(exclude, output, left_in)
    end
  end
  if not spec.inputs then
    local set = builder.default_sets[task.base]
    if not set then
      set = builder.out:set(task.base, {}, excluded(builder, task.base), false, builder.by_stamp)
      builder.default_sets[task.base] = set
    end
    return set, extra
  end
  local takes_in = #spec.inputs == 0
  for _, pattern in ipairs(spec.inputs) do takes_in = takes_in or pattern:sub(1, 1) ~= "!" end
  if not takes_in then
    local declared = task.task.declaration
    fault.raise(('task %q: its inputs only take files out: begin with what they are taken from'
      .. ' ("**" for all)'):format(declared.name), declared.file, declared.line)
  end
  local here, elsewhere, outside = paths.sort_patterns(spec.inputs, task.base, builder.root)
  if #elsewhere > 0 then
    extra[1] = builder.out:set("", elsewhere, {}, false, builder.by_stamp)
  end
  for _, pattern in ipairs(outside) do
    local base, rest = paths.split_fixed(pattern)
    extra[#extra + 1] = builder.out:set(base, { rest }, {}, false, builder.by_stamp)
  end
  if #here == 0 then return nil, extra end
  return builder.out:set(task.base, here, exclude, false, builder.by_stamp), extra
end

return M
