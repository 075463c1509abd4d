-- What a Lua function of a pipeline is made of, as text for the key of its task: its source and the
-- values that it closes over. Not its bytecode: LuaJIT writes the constant tables of a function in
-- an order that differs from one start of the program to the next.
-- SPDX-License-Identifier: MIT
local M = {}

local MAX_DEPTH = 50

-- Values that are the same in every run of this build, by name: the standard libraries, the public
-- modules and their functions.
local known_of = setmetatable({}, { __mode = "k" }) -- by environment

local function known_values(env)
  local known = known_of[env]
  if known then return known end
  known = {}
  known_of[env] = known
  local function add(name, value)
    local kind = type(value)
    if (kind ~= "table" and kind ~= "function") or known[value] then return end
    known[value] = name
    if kind ~= "table" then return end
    for key, inner in pairs(value) do
      if type(key) == "string" and type(inner) == "function" and not known[inner] then
        known[inner] = name .. "." .. key
      end
    end
  end
  for name, value in pairs(env) do
    if name ~= "_G" then add(name, value) end
  end
  for name, value in pairs(package.loaded) do
    if name == "ggen" or name:match("^ggen%.std") or name == "ggen.async"
      or name == "ggen.report" or name == "ggen.schema" or name == "ggen.units" then
      add(name, value)
    end
  end
  return known
end

local function source_text(info, sources)
  local text = info.source
  if text:sub(1, 1) == "@" then
    text = sources[text:sub(2)]
    if not text then return nil end
  end
  local lines, number = {}, 0
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    if number >= info.linedefined and number <= info.lastlinedefined then
      lines[#lines + 1] = line
    elseif number > info.lastlinedefined then
      break
    end
  end
  return table.concat(lines, "\n")
end

-- A function that the standard library has made is told by its place in this version of it.
local function own_text(info)
  if info.source:sub(1, 6) ~= "@ggen:" then return nil end
  return ("%s:%d of %s"):format(info.source, info.linedefined, require("ggen.version"))
end

-- What a function may ask of the world when it runs, and no key can know before: nil for nothing.
local function asked_at_run_time(text)
  for name in text:gmatch("%f[%w_]require%f[^%w_]([^\n]*)") do
    if not name:match("^%s*%(?%s*[\"']ggen%f[^%w_]") then return "require" end
  end
  if text:find("%f[%w_]getenv%f[^%w_]") then return "os.getenv" end
  return text:find("%f[%w_]dofile%f[^%w_]") and "dofile" or nil
end

local write -- forward

-- Entries of a table in an order that does not depend on the run.
local function write_table(state, value, depth)
  local meta = getmetatable(value)
  if meta ~= nil then
    return nil, "a table with a metatable"
  end
  local entries = {}
  for key in pairs(value) do
    local kind = type(key)
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      return nil, "a table with a key that is a " .. kind
    end
    entries[#entries + 1] = { kind .. ":" .. tostring(key), key }
  end
  table.sort(entries, function(a, b) return a[1] < b[1] end)
  local out = state.out
  out[#out + 1] = "{"
  for _, entry in ipairs(entries) do
    out[#out + 1] = entry[1] .. "="
    local ok, why = write(state, value[entry[2]], depth + 1)
    if not ok then return nil, why end
  end
  out[#out + 1] = "}"
  return true
end

local function write_function(state, fn, depth)
  local info = debug.getinfo(fn, "S")
  if info.what == "C" then return nil, "a function of a C module" end
  local text = source_text(info, state.sources) or own_text(info)
  if not text then return nil, "a function whose source is not at hand" end
  local _, beginnings = (text:match("^[^\n]*")):gsub("%f[%w_]function%f[^%w_]", "")
  if beginnings > 1 then return nil, "a function that begins on the same line as another" end
  local asked = asked_at_run_time(text)
  if asked then return nil, ("a function that uses %s when it runs"):format(asked) end
  local out = state.out
  out[#out + 1] = ("function %d:%s;"):format(#text, text)
  local index = 1
  while true do
    local name, value = debug.getupvalue(fn, index)
    if name == nil then break end
    out[#out + 1] = "up " .. index .. "="
    local ok, why = write(state, value, depth + 1)
    if not ok then return nil, ("its upvalue %q is or holds %s"):format(name, why) end
    index = index + 1
  end
  return true
end

write = function(state, value, depth)
  local out, kind = state.out, type(value)
  if kind == "nil" or kind == "boolean" then
    out[#out + 1] = tostring(value) .. ";"
    return true
  elseif kind == "number" then
    out[#out + 1] = ("%.17g;"):format(value)
    return true
  elseif kind == "string" then
    out[#out + 1] = ("%d:%s;"):format(#value, value)
    return true
  end
  local name = state.known[value]
  if name then
    out[#out + 1] = "known " .. name .. ";"
    return true
  end
  if kind ~= "table" and kind ~= "function" then return nil, "a value of the type " .. kind end
  if state.seen[value] then
    out[#out + 1] = "seen " .. state.seen[value] .. ";"
    return true
  end
  if depth > MAX_DEPTH then return nil, "a table that is nested too deep" end
  state.count = state.count + 1
  state.seen[value] = state.count
  if kind == "table" then return write_table(state, value, depth) end
  return write_function(state, value, depth)
end

---@param fn function of a pipeline
---@param sources table<string, string> texts of the loaded files by the name in their chunks
---@return string? text the same whenever the function would do the same; nil when it cannot be told
---@return string? why a phrase: 'its upvalue "x" is or holds a value of the type userdata'
function M.text(fn, sources)
  local state = { out = {}, seen = {}, count = 0, sources = sources,
    known = known_values(getfenv(fn)) }
  local ok, why = write(state, fn, 0)
  if not ok then return nil, why end
  return table.concat(state.out)
end

return M
