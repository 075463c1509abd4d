-- ggen-lua diff: what differs between two runs, or two traces. The comparison is the engine's
-- (ggen.core.spans); what is read, what is ignored and how it is shown is here and in ggen.diff.*.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local units = require("ggen.units")
local words = require("ggen.diff.words")

local M = {
  summary = "Show what differs between two runs, or two traces",
  description = "Compares two runs, or two traces, span by span: added, removed, and modified in"
    .. " status, attributes or duration. A run is named by its id, a part of it, \"last\" or"
    .. " \"last~1\"; a trace is a file of OTLP JSON, of spans with parents or children, or of"
    .. " Chrome's trace events. Without B, A is compared with the last run; without both, the last"
    .. " run with the one before. Exit code 0: no difference, 1: there are some, 2: something"
    .. " cannot be read.",
}

local DEPTH = 10

-- "10%", "0.1" or "off"
local function noise(value)
  if value == "off" then return math.huge end
  local number, percent = value:match("^(%d+%.?%d*)%s*(%%?)$")
  number = tonumber(number)
  if not number then
    return nil, ('--noise: a share such as 10%% or 0.1, or "off", expected, got "%s"'):format(value)
  end
  return percent == "%" and number / 100 or number
end

local function floor(value)
  local seconds, message = units.duration(tonumber(value) or value)
  if not seconds then return nil, "--floor: " .. message end
  return seconds
end

local function depth(value)
  return units.whole("--depth", 1, require("ggen.diff.tree").DEEPEST)(value)
end

function M.configure(parser)
  parser:argument("before", "A run, or a file: what there was."):args("?"):argname("A")
  parser:argument("after", "A run, or a file: what there is."):args("?"):argname("B")
  parser:option("--noise", "A duration has changed when it differs by more than this share of A's;"
    .. " \"off\": durations are not compared."):argname("SHARE"):default("10%"):convert(noise)
  parser:option("--floor", "And by more than this."):argname("TIME"):default("10ms"):convert(floor)
  parser:option("--ignore", "Do not compare attributes whose names match. May be repeated.")
    :argname("GLOB"):count("*")
  parser:flag("--all-attributes", "Compare also those that are others each time: ids, times,"
    .. " processes, threads.")
  parser:option("--depth", ("Levels to show (default: %d; with --json all)."):format(DEPTH))
    :argname("N"):convert(depth)
  parser:flag("-a --all", "Show what is the same, too, and all that was added or removed.")
  parser:flag("--json", "As JSON.")
end

local function compare(a, b, args)
  local unstable = {}
  for _, list in ipairs({ require("ggen.diff.ignored"), args.ignore }) do
    for _, glob in ipairs(list) do unstable[#unstable + 1] = glob end
  end
  local spans = require("ggen.core.spans")
  local diff, message = spans.compare(a.trace, b.trace,
    { noise = args.noise, floor = args.floor, unstable = unstable,
      ignore = args.all_attributes and args.ignore or unstable })
  return diff or fault.raise("--ignore: " .. message)
end

---@async
---@param args table
---@return integer code
function M.run(args)
  local sources = require("ggen.diff.sources")
  local a, b = sources.pair(cli.directory(args), args.before, args.after)
  local diff = compare(a, b, args)
  if args.json then
    require("ggen.diff.json").write(diff, a, b, { depth = args.depth })
  else
    for _, side in ipairs({ a, b }) do
      for _, note in ipairs(side.about.notes) do
        io.stderr:write("ggen-lua: note: ", side.label, ": ", words.harmless(note), "\n")
      end
    end
    local style = require("ggen.style").new(cli.use_color(args.color, 1))
    require("ggen.diff.tree").write(diff, a, b, { depth = args.depth or DEPTH, all = args.all,
      durations = args.noise ~= math.huge, style = style })
  end
  return diff:totals().same and 0 or 1
end

return M
