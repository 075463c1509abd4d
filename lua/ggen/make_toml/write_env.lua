-- Variables of a make.toml as Lua source, for write.lua: ${NAME} becomes os.getenv, or the value
-- that the file gives NAME.
-- SPDX-License-Identifier: MIT
local lua_text = require("ggen.make_toml.lua_text")
local sorted = require("ggen.sorted")

local M = {}

local quote = lua_text.quote

---A value with ${NAME} in it, as an expression.
---@param value string
---@param known table<string, string> variables of the file
---@param open table<string, true>? those whose value is being written
---@return string
function M.expression(value, known, open)
  open = open or {}
  local parts, at = {}, 1
  while true do
    local from, to, name, sign, default = value:find("%${([%a_][%w_]*)(:?%-?)([^{}]*)}", at)
    if not from then break end
    if sign == "-" or sign == ":-" or sign == "" and default == "" then
      if from > at then parts[#parts + 1] = quote(value:sub(at, from - 1)) end
      if known[name] and not open[name] then
        open[name] = true
        parts[#parts + 1] = "(" .. M.expression(known[name], known, open) .. ")"
        open[name] = nil
      elseif from == 1 and to == #value and sign == "" then
        return ("os.getenv(%s)"):format(quote(name))
      else
        parts[#parts + 1] = ("(os.getenv(%s) or %s)"):format(quote(name), quote(default))
      end
    else
      parts[#parts + 1] = quote(value:sub(at, to))
    end
    at = to + 1
  end
  if at <= #value or #parts == 0 then parts[#parts + 1] = quote(value:sub(at)) end
  return table.concat(parts, " .. ")
end

---A table of variables.
---@param env table<string, string>
---@param known table<string, string>
---@param indent string
---@param used integer
---@return string
function M.table(env, known, indent, used)
  local items = {}
  for _, name in ipairs(sorted.keys(env)) do
    items[#items + 1] = lua_text.key(name) .. " = " .. M.expression(env[name], known,
      { [name] = true })
  end
  return lua_text.list(items, indent, used)
end

---What all tasks have in common, at the top of the file.
---@param model ggen.make_toml.Model
---@return string source, boolean shared whether there are variables for all tasks
function M.top(model)
  local parts = {}
  local profiles = {}
  for _, name in ipairs(sorted.keys(model.environments)) do
    if next(model.environments[name].env) then
      profiles[#profiles + 1] = ("  %s = %s, -- %s:%d\n"):format(lua_text.key(name),
        M.table(model.environments[name].env, model.env, "  ", 20), model.file,
        model.environments[name].line)
    end
  end
  local replaced = #profiles > 0
  local own = false
  for _, phase in ipairs(model.phases) do
    replaced = replaced or next(phase.environments) ~= nil
    own = own or next(phase.env) ~= nil
    for _, entry in pairs(phase.environments) do own = own or entry.env ~= nil end
  end
  local shared = #profiles > 0 or next(model.env) ~= nil
  if replaced then
    parts[#parts + 1] = "-- What -e NAME is for a make.toml: GGEN_ENV=NAME ggen-lua run ...\n"
      .. 'local environment = os.getenv("GGEN_ENV") or ""\n\n'
  end
  if shared then
    parts[#parts + 1] = ("local env = %s\n"):format(M.table(model.env, {}, "", 12))
  end
  if #profiles > 0 then
    parts[#parts + 1] = "local profiles = {\n" .. table.concat(profiles) .. "}\n"
      .. "for name, value in pairs(profiles[environment] or {}) do env[name] = value end\n"
  end
  if own and shared then
    parts[#parts + 1] = [[

-- The variables of all tasks and those of one.
local function with(own, more)
  local all = {}
  for _, variables in ipairs({ env, own, more }) do
    for name, value in pairs(variables) do all[name] = value end
  end
  return all
end
]]
  elseif own then
    parts[#parts + 1] = [[

-- The variables of a task and those for one environment.
local function with(own, more)
  for name, value in pairs(more or {}) do own[name] = value end
  return own
end
]]
  end
  return table.concat(parts), shared
end

---`env` of one task; nil when it has none.
---@param phase ggen.make_toml.Phase
---@param model ggen.make_toml.Model
---@param shared boolean
---@return string?
function M.of(phase, model, shared)
  local replaced = {}
  for _, name in ipairs(sorted.keys(phase.environments or {})) do
    local env = phase.environments[name].env
    if env then
      replaced[#replaced + 1] = lua_text.key(name) .. " = " .. M.table(env, model.env, "  ", 20)
    end
  end
  local has_own = phase.env and next(phase.env) ~= nil
  if #replaced == 0 and not has_own then return shared and "env" or nil end
  local own = M.table(phase.env or {}, model.env, "  ", 16)
  if #replaced == 0 and not shared then return own end
  local more = #replaced > 0 and (", (%s)[environment]"):format(lua_text.list(replaced, "  ", 20))
  return ("with(%s%s)"):format(own, more or "")
end

return M
