-- Variables of a make.toml as Lua source, for write.lua: ${NAME} becomes os.getenv, or the value
-- that the file gives NAME.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local lua_text = require("ggen.make_toml.lua_text")
local sorted = require("ggen.sorted")

local M = {}

local quote = lua_text.quote
local LONGEST = require("ggen.make_toml.env").LONGEST

---@alias ggen.make_toml.Written { text: string?, code: string?, nothing: boolean? }[] a value in
---parts; nothing: it is one part, an expression that may be nil

-- Adds parts to parts; texts beside each other become one.
local function add(into, parts)
  for _, part in ipairs(parts) do
    local last = into[#into]
    if part.text and last and last.text then
      into[#into] = { text = last.text .. part.text }
    elseif part.text ~= "" then
      into[#into + 1] = part
    end
  end
end

local function source_of(parts)
  local list = {}
  for i, part in ipairs(parts) do list[i] = part.text and quote(part.text) or part.code end
  return #list > 0 and table.concat(list, " .. ") or '""'
end

-- What ${NAME} stands for, as the reader has it: a variable of the file, else the caller's.
local function variable(name, set)
  local own, getenv = set, ("os.getenv(%s)"):format(quote(name))
  if own and not (own[1] and own[1].nothing) then return own end
  return { { code = (own and own[1].code .. " or " or "") .. getenv, nothing = true } }
end

-- ${NAME}, ${NAME-text} and ${NAME:-text} within a text.
local function within(name, sign, default, set)
  local parts = variable(name, set)
  if parts[1] and parts[1].nothing then
    return { { code = ("(%s or %s)"):format(parts[1].code, quote(default)) } }
  elseif sign ~= ":-" then
    return parts
  elseif #parts == 0 then
    return { { text = default } }
  end
  for _, part in ipairs(parts) do
    if part.text then return parts end -- and so not empty
  end
  local source = source_of(parts)
  return { { code = ('(({ [""] = %s })[%s] or %s)'):format(quote(default), source, source) } }
end

-- A value with ${NAME} in it; nil when it is too long.
local function value_of(value, known)
  local size = 0
  local whole = value:match("^%${([%a_][%w_]*)}$")
  if whole then return variable(whole, known[whole]) end
  local parts, at = {}, 1
  while true do
    local from, to, name, sign, default = value:find("%${([%a_][%w_]*)(:?%-?)([^{}]*)}", at)
    if not from then break end
    add(parts, { { text = value:sub(at, from - 1) } })
    if sign == "-" or sign == ":-" or sign == "" and default == "" then
      local found = within(name, sign, default, known[name])
      for _, part in ipairs(found) do size = size + #(part.text or part.code) end
      if size > LONGEST then return nil end
      add(parts, found)
    else
      add(parts, { { text = value:sub(from, to) } })
    end
    at = to + 1
  end
  add(parts, { { text = value:sub(at) } })
  return parts
end

local memo = setmetatable({}, { __mode = "k" })

-- The variables of a table, each with those that stand above it.
local function values_of(env, model, outer)
  if memo[env] then return memo[env] end
  local known = setmetatable({}, { __index = outer })
  memo[env] = known
  for _, name in ipairs(model.orders and model.orders[env] or sorted.keys(env)) do
    if env[name] then
      known[name] = value_of(env[name], known) or fault.raise(
        ("%s: the variables in it make it longer than %d MiB"):format(name, LONGEST / 1048576),
        model.file)
    end
  end
  return known
end

-- A table of variables, inside those of the file unless it is these.
local function write_table(env, model, indent, used)
  local known = values_of(env, model, env ~= model.env and values_of(model.env, model) or nil)
  local items = {}
  for _, name in ipairs(sorted.keys(env)) do
    items[#items + 1] = lua_text.key(name) .. " = " .. source_of(known[name])
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
        write_table(model.environments[name].env, model, "  ", 20), model.file,
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
    parts[#parts + 1] = ("local env = %s\n"):format(write_table(model.env, model, "", 12))
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
      replaced[#replaced + 1] = lua_text.key(name) .. " = " .. write_table(env, model, "  ", 20)
    end
  end
  local has_own = phase.env and next(phase.env) ~= nil
  if #replaced == 0 and not has_own then return shared and "env" or nil end
  local own = write_table(phase.env or {}, model, "  ", 16)
  if #replaced == 0 and not shared then return own end
  local more = #replaced > 0 and (", (%s)[environment]"):format(lua_text.list(replaced, "  ", 20))
  return ("with(%s%s)"):format(own, more or "")
end

return M
