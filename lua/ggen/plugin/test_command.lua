-- ggen-lua plugin test: the contract suite of a plugin.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local units = require("ggen.units")

local M = {
  summary = "Prove a plugin against the contract of its kind",
  description = "Calls every method of a plugin with generated arguments, as ggen-lua does, on a"
    .. " clock that is turned and with processes that run nothing: whether it answers as the"
    .. " contract of its kind says, keeps its state to itself, says what fails, leaves nothing"
    .. " open, and does the same again for the same seed. Without a name: the plugins of the"
    .. " rock in this directory. Exit code 1 when a check failed.",
}

function M.configure(parser)
  parser:argument("name", "The plugin: a file, or kind.name."):argname("PATH|KIND.NAME"):args("?")
  parser:option("--params", "What a pipeline would give it, as JSON."):argname("JSON")
  parser:option("--seed", "Of all choices: the same one makes the same ones (default 1).")
    :argname("N"):convert(units.whole("--seed", 0))
  parser:option("--schedules", "How many schedules are played (default 1000).")
    :argname("N"):convert(units.whole("--schedules", 0))
  parser:flag("--json", "Print the results as JSON.")
end

-- The files ggen/plugins/KIND/NAME.lua of the rock in a directory.
local function plugins_of(dir)
  local paths = {}
  for i, found in ipairs(require("ggen.plugin.target").in_directory(dir)) do
    paths[i] = "./" .. found.path:gsub("^%./", "")
  end
  if #paths == 0 then
    fault.raise(("there is no rock with a plugin in %s: ggen/plugins/KIND/NAME.lua, also below lua/"
      .. " or src/ (name a file, or kind.name)"):format(dir))
  end
  return paths
end

local function params_of(text)
  if not text then return nil end
  local params, message = require("ggen.core.json").decode(text)
  if type(params) ~= "table" then
    fault.raise("--params: " .. (message or "an object expected, as {\"limit\": 3}"))
  end
  return params
end

local function print_check(style)
  return function(check)
    local sign = check.ok and style:green(style.ok) or style:red(style.fail)
    io.write(("  %s %s\n"):format(sign, check.name))
    if not check.ok then
      io.write((require("ggen.harmless").text(check.message):gsub("[^\n]+", "      %0")), "\n")
    end
    io.flush()
  end
end

---@async
---@param args table
---@return integer code
function M.run(args)
  local contract = require("ggen.contract")
  local dir = cli.directory(args)
  local names = args.name and { args.name } or plugins_of(dir)
  if not args.name then require("ggen.plugin.types").link(dir) end
  local options = { dir = dir, params = params_of(args.params), seed = args.seed,
    schedules = args.schedules, load_timeout = args.load_timeout }
  local style = require("ggen.style").new(cli.use_color(args.color, 1))
  local reports, failed, checks, seconds = {}, 0, 0, 0
  for i, name in ipairs(names) do
    if not args.json then io.write(style:bold(name), "\n") end
    reports[i] = contract.check(name, options, not args.json and print_check(style) or nil)
    for _, check in ipairs(reports[i].checks) do
      checks, seconds = checks + 1, seconds + check.seconds
      if not check.ok then failed = failed + 1 end
    end
  end
  if args.json then
    local json = require("ggen.core.json")
    for _, report in ipairs(reports) do report.checks = json.array(report.checks) end
    io.write(fault.check(json.encode({ schema = "ggen-plugin-test", version = 1,
      failed = failed, plugins = json.array(reports) }, { indent = 2,
      invalid_utf8 = "replace" })), "\n")
  else
    io.write(("%d check%s, %d failed in %.2f s\n"):format(checks, checks == 1 and "" or "s",
      failed, seconds))
  end
  return failed > 0 and 1 or 0
end

return M
