-- Variables of make.toml: [env], its profiles [env.NAME], and `env` of phases. `${NAME}` in a value
-- is replaced while the file is read: by a variable that the file has set before, else by the
-- caller's. Commands are left alone, their shell does that.
-- SPDX-License-Identifier: MIT
local source = require("ggen.make_toml.source")

local M = {}

-- What cargo-make computes a variable from.
local COMPUTED = { "script", "source", "default_value", "mapping", "decode", "path", "unset",
  "evaluate_script" }

-- What variables may add to a value: no program could be given more.
M.LONGEST = 1048576

local function check_name(self, container, key, path)
  if key == "" or key:find("[=%z]") then
    self:fault(container, key, path, ("%q cannot be the name of a variable"):format(key)
      :gsub("%z", "\\0"))
  end
end

---Replaces ${NAME} and ${NAME:-text}.
---@param self ggen.make_toml.Source
---@param value string
---@param set table<string, string> what the file has set so far
---@return string? text nil when it is one variable that nobody has set; false when it is too long
function M.expand(self, value, set)
  if self.raw or not value:find("${", 1, true) then return value end
  local whole = value:match("^%${([%a_][%w_]*)}$")
  if whole then return set[whole] or self:variable(whole) end
  local size = 0
  local expanded = value:gsub("%${([%a_][%w_]*)(:?%-?)([^{}]*)}", function(name, default, text)
    if default == "" and text ~= "" or default == ":" then return nil end -- left as it is
    local found = set[name] or self:variable(name)
    if default ~= "" and (found == nil or found == "" and default == ":-") then return text end
    size = size + #(found or "")
    return size > M.LONGEST and "" or found or ""
  end)
  return size <= M.LONGEST and expanded
end

local function scalar(self, container, key, path, set)
  local value = container[key]
  if type(value) == "string" then
    local text = M.expand(self, source.read.text(self, container, key, path), set)
    if text == false then
      self:fault(container, key, path, ("the variables in it make it longer than %d MiB"):format(
        M.LONGEST / 1048576))
    end
    return text
  end
  if type(value) == "number" then return ("%.14g"):format(value) end
  return tostring(value)
end

local function is_computed(value)
  for _, key in ipairs(COMPUTED) do
    if value[key] ~= nil then return true end
  end
  return false
end

---Reads one variable into `into`.
---@param self ggen.make_toml.Source
---@param container table
---@param key string
---@param path string
---@param into table<string, string>
---@param set table<string, string> what ${NAME} finds before the variables of the caller
---@return boolean taken false when the value is a table of something else
function M.variable(self, container, key, path, into, set)
  check_name(self, container, key, path)
  local value = container[key]
  if self.raw then
    -- Which variables stand above which counts when they name each other.
    local order = self.orders[into] or {}
    self.orders[into], order[#order + 1] = order, key
  end
  if type(value) ~= "table" then
    into[key] = scalar(self, container, key, path, set)
    return true
  end
  if #value > 0 and self.root.tasks ~= nil then
    self:note(container, key, path, "cargo-make", "is a list, which only cargo-make joins",
      " (write one text)")
    return true
  elseif #value > 0 then
    self:mismatch(container, key, path, "a text, a number, true or false, or a table")
  end
  if is_computed(value) then
    self:note(container, key, path, "cargo-make", "is computed by cargo-make and not set here",
      " (write its value)")
    return true
  end
  if value.value ~= nil and type(value.value) ~= "table" then
    into[key] = scalar(self, value, "value", source.join(path, key), set)
    for _, inner in ipairs(self:keys(value)) do
      if inner ~= "value" then self:unknown(value, inner, source.join(path, key)) end
    end
    return true
  end
  return false
end

---Reads a flat table of variables.
---@param value table
---@param path string
---@param outer table<string, string> variables that are set already
---@return table<string, string>
function M.flat(self, value, path, outer)
  local into = setmetatable({}, { __index = outer })
  for _, key in ipairs(self:keys(value)) do
    if not M.variable(self, value, key, path, into, into) then
      self:unknown(value, key, path)
    end
  end
  return setmetatable(into, nil)
end

return M
