-- A command for a resident shell as somebody asks for it: checked, and made the job that the shell
-- works off. Pure.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local M = {}

local GRACE = 5 -- seconds between TERM and KILL

local function no_nul(text, what)
  if type(text) ~= "string" then
    error(("run: %s: a text expected, got %s"):format(what, type(text)), 4)
  end
  if text:find("%z") then error(("run: %s cannot hold a NUL byte"):format(what), 4) end
  return text
end

local function duration(value, what, otherwise)
  if value == nil then return otherwise end
  local seconds, message = ggen.units.duration(value)
  if not seconds then error(("run: %s: %s"):format(what, message), 4) end
  return seconds
end

local KNOWN = { argv = true, command = true, env = true, cwd = true, stdin = true,
  on_output = true, capture = true, timeout = true, grace = true }

---The job of a command; raises where it makes no sense.
---@param options ggen.docker.ShellCommand
---@return table job
function M.job(options)
  for name in pairs(options) do
    if not KNOWN[name] then
      error(("run: unknown field %q%s"):format(tostring(name),
        ggen.suggest.hint(tostring(name), KNOWN)), 3)
    end
  end
  local argv, env = {}, {}
  for i, word in ipairs(options.argv or { "/bin/sh", "-c", options.command }) do
    argv[i] = no_nul(word, options.argv and "argv" or "command")
  end
  if not argv[1] or argv[1] == "" or not options.argv == not options.command then
    error("run: one of argv (a program and its arguments) and command expected", 3)
  end
  for name, value in pairs(options.env or {}) do
    if no_nul(name, "the name of a variable") == "" or name:find("=", 1, true) then
      error(("run: %q cannot be the name of an environment variable"):format(name), 3)
    end
    env[name] = no_nul(type(value) == "number" and tostring(value) or value, "env." .. name)
  end
  local cwd = no_nul(options.cwd or "/", "cwd")
  if cwd:sub(1, 1) ~= "/" then error("run: cwd: a path that begins with / expected", 3) end
  if options.stdin ~= nil and type(options.stdin) ~= "string" then
    error("run: stdin: bytes expected, got " .. type(options.stdin), 3)
  end
  local capture = options.capture
  return { argv = argv, env = env, cwd = cwd, program = argv[1], stdin = options.stdin,
    on_output = options.on_output, timeout = duration(options.timeout, "timeout"),
    grace = duration(options.grace, "grace", GRACE),
    kept = capture and { out = { left = capture }, err = { left = capture } } }
end

return M
