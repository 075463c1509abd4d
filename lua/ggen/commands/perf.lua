-- ggen-lua perf: where the time went, how it moved, whether it became worse.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local units = require("ggen.units")

-- What each one does, and how many words may follow.
local ACTIONS = {
  report = { module = "ggen.perf.report", most = 0 },
  history = { module = "ggen.perf.trend", most = 0 },
  compare = { module = "ggen.perf.compare", most = 2, words = "two runs" },
  baseline = { module = "ggen.perf.baseline", most = 2,
    words = "save, list, show or rm, and a name" },
  check = { module = "ggen.perf.check", most = 0 },
  bench = { module = "ggen.perf.bench", most = 1, words = "one task" },
  html = { module = "ggen.perf.html", most = 0 },
}
local ORDER = { "report", "history", "compare", "baseline", "check", "bench", "html" }

local M = {
  summary = "Say where the time went, how it moved, and whether it became worse",
  description = "report takes a run apart: tasks, critical path, cache, memory, targets, and what"
    .. " would make it shorter; history shows the last runs and how times moved; compare A B puts"
    .. " two runs beside each other (an id, a part of one, last, last~2, a file); baseline"
    .. " save|list|show|rm NAME keeps figures of this machine class; check ends with exit code 3"
    .. " when something became worse than .ggen/perf-baseline.toml allows or, without that file,"
    .. " than it was in earlier runs; bench TASK runs a task again and again; html writes a page of"
    .. " charts.",
}

local function share(value)
  local number = tonumber((value:gsub("%s*%%$", "")))
  if not number or not (number >= 0 and number <= 1000) then
    return nil, "--min-change: percent expected (5, or 5%), got " .. value
  end
  return number / 100
end

function M.configure(parser)
  parser:argument("action", "What to do."):choices(ORDER):argname("ACTION")
  parser:argument("words", "compare: two runs; baseline: save, list, show or rm, and a name; bench:"
    .. " a task."):args("*"):argname("WORD")
  parser:option("--run", "report, html: this run instead of the last one (an id, a part of one,"
    .. " last~2, a file)."):argname("ID")
  parser:option("-n", "history: so many runs (10); baseline save: of so many (20); bench: so many"
    .. " times (10); html: so many."):argname("N"):target("count"):convert(units.whole("-n", 1))
  parser:option("--baseline", "check: against this saved baseline."):argname("NAME")
  parser:option("--file", "check: against the limits in this file, instead of"
    .. " .ggen/perf-baseline.toml."):argname("FILE")
  parser:flag("--history", "check: against earlier runs, even with a .ggen/perf-baseline.toml.")
  parser:option("--min-change", "check: what changes by less than this is not worth a word (5)."
    .. " What is less than the noise never is."):argname("PERCENT"):convert(share)
  parser:option("--warm-up", "bench: so many runs that do not count (1)."):argname("N")
    :convert(units.whole("--warm-up", 0))
  parser:option("-o --output", "html: the file to write; - is the standard output."):argname("FILE")
  parser:flag("--json", "Print the result as JSON.")
end

-- An option that means nothing to an action was meant for another one.
local OF = {
  run = { report = true, html = true }, baseline = { check = true }, file = { check = true },
  history = { check = true }, min_change = { check = true }, warm_up = { bench = true },
  output = { html = true },
  count = { history = true, baseline = true, bench = true, html = true },
}
local SPELLED = { min_change = "--min-change", warm_up = "--warm-up", count = "-n" }

local function check_options(args)
  for option, actions in require("ggen.sorted").pairs(OF) do
    if args[option] ~= nil and not actions[args.action] then
      fault.raise(("perf %s: %s does nothing here; it is for %s"):format(args.action,
        SPELLED[option] or "--" .. option, table.concat(require("ggen.sorted").keys(actions),
        ", ")))
    end
  end
end

---@async
---@param args table
---@return integer code
function M.run(args)
  local action = ACTIONS[args.action]
  check_options(args)
  if #args.words > action.most then
    fault.raise(("perf %s: %q is one word too many%s"):format(args.action,
      args.words[action.most + 1], action.words and "; it takes " .. action.words or ""))
  end
  args.style = require("ggen.style").new(cli.use_color(args.color, 1))
  if args.action == "html" then return require(action.module).write(args) or 0 end
  return require(action.module).run(require("ggen.perf.source").open(args), args)
end

return M
