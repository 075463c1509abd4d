-- The contract of commands: the options that one adds to its parser, and an exit code.
-- SPDX-License-Identifier: MIT
local M = { order = { "args", "run" }, needs = { "run" } }

local function parser_of()
  local parser = require("argparse")("contract")
  getmetatable(parser).__name = "ggen.Parser"
  getmetatable(parser:argument("any")).__name = "ggen.ParserArgument"
  getmetatable(parser:option("--any")).__name = "ggen.ParserOption"
  return require("argparse")("contract")
end

function M.scene() return { parser = parser_of() } end

-- What was parsed of a command line: without words, or with as few as will do.
local function parsed(parser)
  local words, message = {}, nil
  for _ = 1, 5 do
    local ok, good, args = pcall(parser.pparse, parser, words)
    if ok and good then return args end
    message = ok and args or good
    words[#words + 1] = "word"
  end
  return nil, message
end

M.calls = {
  args = function(scene) return { scene.parser } end,
  run = function(scene) return { parsed(scene.parser) or {} } end,
}

local function is_code(code)
  return type(code) == "number" and code % 1 == 0 and code >= 0 and code <= 255
end

M.answers = {
  run = function(results)
    if results[1] ~= nil and not is_code(results[1]) then
      return "nothing, or an exit code: a whole number from 0 to 255"
    end
  end,
}

M.own = { run = { true } } -- what was parsed is for it alone

function M.fails(results, method) return method == "run" and results[1] ~= 0 end

-- What its options are, of a parser of its own.
local function in_parsers(look)
  return function(suite)
    for round = 1, 5 do
      local instance = suite:set_up_otherwise(suite:draw("parser", round))
      if not instance or type(instance.impl.args) ~= "function" then return nil end
      local parser = parser_of()
      local outcome = suite:call(instance, "args", { n = 1, parser })
      local problem = outcome.ok and look(suite, parser)
      suite:close(instance)
      if problem or suite.hung then return problem end
    end
  end
end

local function takes_some_line(suite, parser)
  local args, message = parsed(parser)
  if not args then
    return suite:problem("args(parser)", "made a parser that takes no line of up to four words: "
      .. tostring(message), "there is a line that the command takes")
  end
end

-- The command line is read for --help, for completion, and to run it.
local function adds_the_same(suite)
  for round = 1, 2 do
    local instance = suite:set_up_otherwise(suite:draw("parser", round))
    if not instance then return nil end
    local pages = {}
    for i = 1, 2 do
      local other = parser_of()
      local outcome = suite:call(instance, "args", { n = 1, other })
      pages[i] = outcome.ok and other:get_help() or ""
    end
    suite:close(instance)
    if pages[1] ~= pages[2] then
      return suite:problem("args(parser), called again,", "added other options", "it is called each"
        .. " time when a command line is read, and adds the same to each parser")
    end
  end
end

M.laws = {
  { name = "takes some line", run = in_parsers(takes_some_line) },
  { name = "adds the same each time", run = in_parsers(adds_the_same) },
}

return M
