-- What a plugin may do, in words, and asking for it where it becomes more.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")

local M = {}

local WORDS = {
  process = function() return "start programs" end,
  net = function(rest) return "talk to " .. rest end,
  fs = function(rest)
    local path = rest:match("^(.*):ro$")
    return path and "read files at " .. path or "read and write files at " .. rest
  end,
  env = function(rest) return ("read the variable%s %s"):format(rest:find("*", 1, true) and "s"
    or "", rest) end,
}

---@param text string "net:example.org"
---@return string
function M.words(text)
  local kind, rest = text:match("^([^:]+):(.*)$")
  local say = WORDS[kind or text]
  return say and say(rest or "") or text
end

---@param entry ggen.LockedRock
---@return string[] lines for people
function M.lines(entry)
  local lines = {}
  for _, text in ipairs(entry.permissions or {}) do
    lines[#lines + 1] = ("may %s (%s)"):format(M.words(text), text)
  end
  if #lines == 0 then lines[1] = "has no permissions" end
  if entry.trust == "process" then lines[#lines + 1] = "runs in a process of its own" end
  if entry.built then lines[#lines + 1] = "ran programs of its own when it was built" end
  return lines
end

---What a plugin may do that it might not before.
---@param before ggen.LockedRock?
---@param after ggen.LockedRock
---@return string[] texts
function M.more(before, after)
  local had, more = {}, {}
  for _, text in ipairs(before and before.permissions or {}) do had[text] = true end
  for _, text in ipairs(after.permissions or {}) do
    if not had[text] then more[#more + 1] = text end
  end
  return more
end

-- CI=true of nearly all services.
local function in_ci()
  local value = os.getenv("CI")
  return value ~= nil and value ~= "" and value ~= "false" and value ~= "0"
end

---Refuses a yes that nobody said: in CI permissions are what was committed.
---@param args { yes: boolean?, frozen: boolean? }
---@param has_frozen boolean? the command has that option
function M.check(args, has_frozen)
  if args.yes and in_ci() and not args.frozen then
    fault.raise(("--yes: %s; what a plugin may do is granted where somebody reads it, and committed"
      .. " with ggen-lock.json"):format(has_frozen and "in CI (the variable CI is set) only with"
      .. " --frozen" or "not in CI (the variable CI is set), where plugin sync --frozen installs"
      .. " what is locked"))
  end
end

---Asks whether plugins may do more than before.
---@param before ggen.Lock
---@param after ggen.Lock
---@param args { yes: boolean? }
function M.ask(before, after, args)
  local lines, known = {}, {}
  for _, entry in ipairs(before.plugins) do known[entry.name or ""] = entry end
  for _, entry in ipairs(after.plugins) do
    local was = entry.name and known[entry.name]
    for _, text in ipairs(was and M.more(was, entry) or {}) do
      lines[#lines + 1] = ("%s %s may also %s (%s)"):format(entry.name, entry.version,
        M.words(text), text)
    end
  end
  if #lines == 0 or args.yes then return end
  for _, line in ipairs(lines) do io.stderr:write(require("ggen.harmless").text(line), "\n") end
  local question = require("ggen.question")
  if not question.possible() then
    fault.raise("a plugin wants to do more than before: --yes grants it (on a terminal it is"
      .. " asked)")
  end
  if not question.yes("grant it?") then fault.raise("nothing was changed") end
end

return M
