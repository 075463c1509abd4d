-- Says, once for each name, that something is used which will go away: ggen.deprecate. What is said
-- before the run begins waits for it, so that the observers of the run get it as a note; without a
-- run it goes to standard error at the end of the program.
-- SPDX-License-Identifier: MIT
local harmless = require("ggen.harmless")
local registry = require("ggen.registry")

local M = {}

local said = {} -- by who said it and name
local waiting = {} -- texts

local HOST = "@ggen:"

-- From the functions below, on the stack: they themselves, M.say, the function that is public, and
-- then who called it.
local CALLER = 4

local function is_users(source) return source:sub(1, 1) == "@" and source:sub(1, #HOST) ~= HOST end

local function shown(file, line)
  file = require("ggen.locate").display(file, require("ggen.core.fs").cwd()):gsub("^%./", "")
  return line and ("%s:%d"):format(file, line) or file
end

-- The plugin that says it, if it is one, and the name of the chunk.
local function declarer_of(plugin)
  local frame = debug.getinfo(CALLER, "S")
  local source = frame and frame.source or ""
  if not plugin then return registry.origin(source:sub(2)), source end
  local origin, file = registry.origin_named(plugin)
  return origin or { name = plugin }, file and "@" .. file or ""
end

-- The innermost frame in a file of the user's that is not the one that says it; without one the
-- innermost at all, unless the pipeline names what says it.
local function user_of(own, is_plugin)
  local level = CALLER
  local frame, file, line = debug.getinfo(level, "Sl"), nil, nil
  while frame do
    if is_users(frame.source) then
      if frame.source ~= own then return frame.source:sub(2), frame.currentline end
      if not file and not is_plugin then file, line = own:sub(2), frame.currentline end
    end
    level = level + 1
    frame = debug.getinfo(level, "Sl")
  end
  return file, line
end

-- The plugin and the place that use it, for the end of the sentence.
local function used_by(declarer, file, line)
  if not file then
    if not declarer or not declarer.file then return "" end
    return (" (%s)"):format(shown(declarer.file, declarer.line))
  end
  local user = registry.origin(file)
  if not user then return (" (%s)"):format(shown(file, line)) end
  return (" (plugin %q, %s)"):format(user.name, shown(file, line))
end

local function tell(text)
  if registry.events then return registry.events:note("warning", text) end
  waiting[#waiting + 1] = text
end

local function check(plugin, name, instead, remove_in)
  local function expect(value, what, optional)
    if optional and value == nil then return end
    if type(value) ~= "string" or value == "" then
      error(("ggen.deprecate: %s has to be a text, it is %s"):format(what, value == "" and "empty"
        or "a " .. type(value)), plugin and 0 or CALLER + 1)
    end
  end
  expect(name, "the name of what is deprecated")
  expect(instead, "what to use instead", true)
  expect(remove_in, "the version that removes it", true)
end

---For functions that are public: their caller says that something is deprecated.
---@param plugin string? the one that says it, where the stack does not tell
---@param name string
---@param instead string?
---@param remove_in string?
function M.say(plugin, name, instead, remove_in)
  check(plugin, name, instead, remove_in)
  local declarer, own = declarer_of(plugin)
  local key = (declarer and declarer.name or is_users(own) and own or "") .. "\0" .. name
  if said[key] then return end
  said[key] = true
  local text = { harmless.line(("%q is deprecated"):format(name)) }
  if declarer then table.insert(text, 1, ("plugin %q: "):format(declarer.name)) end
  if remove_in then
    text[#text + 1] = " and will be removed in " .. harmless.line(remove_in)
  end
  if instead then text[#text + 1] = ": use " .. harmless.line(instead) end
  text[#text + 1] = used_by(declarer, user_of(own, declarer ~= nil))
  tell(table.concat(text))
end

---What waits is said as notes of the run that has begun.
---@param events ggen.Events
function M.begun(events)
  for _, text in ipairs(waiting) do events:note("warning", text) end
  waiting = {}
end

---What waits is said at the end of a program without a run.
function M.finish()
  for _, text in ipairs(waiting) do
    io.stderr:write("ggen-lua: warning: ", harmless.text(text), "\n")
  end
  waiting = {}
end

return M
