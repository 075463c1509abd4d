-- The doctor: programs of this machine that some of what ggen-lua does needs.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")

local M = { topic = "programs" }

local LIMIT = 2 -- seconds

---Runs a program for its output.
---@async
---@param argv string[]
---@param cwd string?
---@return string? output nil when it is not there, failed, or took too long
---@return string? why "missing", "time", or the last line that it said
function M.output(argv, cwd)
  local env = require("ggen.core.env").all()
  env.LC_ALL, env.GIT_OPTIONAL_LOCKS = "C", "0"
  local refused
  local result = async.await(function(resume)
    local handle
    handle, refused = require("ggen.core.process").run({ argv = argv, env = env, cwd = cwd or "/",
      timeout = LIMIT, grace = 0.1, capture = 64 * 1024 }, resume)
    if not handle then resume(nil) end
    return handle
  end)
  if not result or result.error or result.code == 127 then return nil, "missing", refused end
  if result.timed_out then return nil, "time" end
  if result.code ~= 0 then
    return nil, ((result.stderr or ""):gsub("%s+$", ""):match("[^\n]*$"))
  end
  return result.stdout
end

local PROGRAMS = {
  { name = "git", argv = { "git", "--version" }, pattern = "git version (%S+)",
    needs = "run --since, and the commit in the record of a run", fix = "apt-get install git" },
  { name = "LuaRocks", argv = { "luarocks", "--version" }, pattern = "luarocks%S* (%d[%w.-]*)",
    needs = "plugins that others have published", fix = "apt-get install luarocks" },
}

local function look(report, program)
  local output, why = M.output(program.argv)
  local version = output and output:match(program.pattern)
  if version then
    report:ok(("%s %s"):format(program.name, version))
  elseif why == "missing" then
    report:note(("there is no %s; it is for %s"):format(program.name, program.needs), program.fix)
  else
    local what = why == "time" and ("no answer within %d s"):format(LIMIT)
      or why or "an answer that says no version"
    report:problem(("%s does not work: %s: %s"):format(program.name,
      table.concat(program.argv, " "), what), ("see which %s is the first of PATH, and run it")
      :format(program.argv[1]))
  end
end

---@async
---@param report ggen.doctor.Report
function M.run(report)
  local looks, reports = {}, {}
  for i, program in ipairs(PROGRAMS) do
    reports[i] = require("ggen.doctor.report").new(M.topic)
    looks[i] = function() look(reports[i], program) end
  end
  async.all(looks)
  for _, part in ipairs(reports) do
    for _, finding in ipairs(part.findings) do table.insert(report.findings, finding) end
  end
end

return M
