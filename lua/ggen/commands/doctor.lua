-- ggen-lua doctor: what this program finds here, and what to do about what is missing.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")

local M = {
  summary = "Say what is missing or wrong here, and what to do",
  description = "Looks at this program, the machine, the project, the cache, the container engine"
    .. " and what the plugins say of themselves. Each finding comes with its fix. Exit code 3 when"
    .. " there is a problem; what only some need and is missing is a note. Nothing is changed.",
}

function M.configure(parser)
  parser:flag("--json", "Print the findings as JSON.")
end

local PARTS = { "program", "machine", "programs", "project", "plugins", "cache", "containers" }
local LIMIT, PLUGIN_LIMIT = 5, 2 -- seconds for a part, for a plugin

-- All parts at once: the slowest one is what it takes.
local function look(args)
  local shared = { place = async.future(), needs_engine = async.future(),
    project = async.future() }
  local looks = {}
  for i, name in ipairs(PARTS) do
    local part = require("ggen.doctor." .. name)
    looks[i] = {
      topic = part.topic,
      run = function(report) part.run(report, shared, args, PLUGIN_LIMIT) end,
      late = function(report)
        report:problem(("no answer within %d s"):format(LIMIT),
          "a disk or a network that does not answer? The other findings may say more")
      end,
    }
  end
  return require("ggen.doctor.report").together(looks, LIMIT)
end

local function show(findings, args, problems)
  local style = require("ggen.style").new(require("ggen.cli").use_color(args.color, 1))
  local harmless = require("ggen.harmless").text
  local signs = { ok = style:green(style.ok), note = style:yellow(style.utf8 and "!" or "note"),
    problem = style:red(style.fail) }
  local topic
  for _, finding in ipairs(findings) do
    if finding.topic ~= topic then
      topic = finding.topic
      io.write(style:bold(harmless(topic)), "\n")
    end
    io.write(("  %s %s\n"):format(signs[finding.level], harmless(finding.text)))
    if finding.fix then io.write("      ", style:dim("fix: "), harmless(finding.fix), "\n") end
  end
  io.write(problems == 0 and "no problem" or ("%d problem%s"):format(problems, problems == 1 and ""
    or "s"), "\n")
end

---@async
---@param args table
---@return integer code
function M.run(args)
  local findings, problems = look(args), 0
  for _, finding in ipairs(findings) do
    if finding.level == "problem" then problems = problems + 1 end
  end
  if args.json then
    local json = require("ggen.core.json")
    io.write(require("ggen.fault").check(json.encode({ schema = "ggen-doctor", version = 1,
      ggen = require("ggen.version"), api = require("ggen.registry").API, problems = problems,
      findings = json.array(findings) }, { indent = 2, invalid_utf8 = "replace" })), "\n")
  else
    show(findings, args, problems)
  end
  return problems > 0 and 3 or 0
end

return M
