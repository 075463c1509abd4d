-- Runs the examples in the comments of stdlib/: lines "---   > code" and "---   < expected values".
-- Several ">" lines are one piece of code, whose last line is the expression; several "<" lines are
-- one list of values. Every public function must have an example.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local std = require("ggen.std")

local root = assert(fs.realpath(debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") .. "/../../.."))
local folder = root .. "/stdlib/ggen/std"

---@class example
---@field code string[]
---@field expected string[]
---@field line integer

-- The comments above each "function M.name", read to their examples.
local function read_functions(source)
  local functions, examples, number = {}, {}, 0
  for line in source:gmatch("([^\n]*)\n") do
    number = number + 1
    local code, expected = line:match("^%-%-%-%s+> (.*)$"), line:match("^%-%-%-%s+< (.*)$")
    local last = examples[#examples]
    if code then
      if not last or #last.expected > 0 then
        last = { code = {}, expected = {}, line = number }
        examples[#examples + 1] = last
      end
      table.insert(last.code, code)
    elseif expected then
      assert(last, ("line %d: a result without code"):format(number))
      table.insert(last.expected, expected)
    elseif not line:find("^%-%-%-") then
      local name = line:match("^function M%.([%w_]+)%(")
      if name then functions[name] = { examples = examples, line = number } end
      examples = {}
    end
  end
  return functions
end

local function pack(...) return { n = select("#", ...), ... } end

-- The modules by name. Files that an example names lie in this tree, wherever we were started.
local glob = setmetatable({
  list = function(patterns, dir) return std.glob.list(patterns, root .. "/" .. dir) end,
}, { __index = std.glob })
local env = setmetatable({ std = std, glob = glob }, { __index = function(_, name)
  if fs.stat(folder .. "/" .. name .. ".lua") then return std[name] end
  return _G[name]
end })

local function evaluate(lines, what)
  local code = table.concat(lines, "\n", 1, #lines - 1) .. "\nreturn " .. lines[#lines]
  return pack(setfenv(assert(loadstring(code, "=" .. what)), env)())
end

local function run_example(example, what)
  local code, expected = example.code, table.concat(example.expected, "\n")
  assert.is_true(#expected > 0, what .. ": no expected value")
  assert.same(evaluate({ expected }, what), evaluate(code, what))
end

describe("the examples of", function()
  for _, entry in ipairs(assert(fs.list(folder))) do
    local module = entry.name:match("^(.*)%.lua$")
    if module and module ~= "init" then
      local functions = read_functions(assert(fs.read(folder .. "/" .. entry.name)) .. "\n")

      it(module .. ": every public function has one", function()
        local missing = {}
        for name, value in pairs(std[module]) do
          local found = functions[name]
          if type(value) == "function" and not (found and found.examples[1]) then
            missing[#missing + 1] = name
          end
        end
        assert.same({}, missing)
      end)

      for name, found in pairs(functions) do
        for _, example in ipairs(found.examples) do
          it(("%s.%s, line %d"):format(module, name, example.line), function()
            run_example(example, ("%s.lua:%d"):format(module, example.line))
          end)
        end
      end
    end
  end
end)

describe("the reader of examples", function()
  it("finds code, values and functions", function()
    local functions = read_functions(table.concat({
      "---Adds.", "---   > local a = 1", "---   > a + 1", "---   < 2", "---   > nil",
        "---   < nil,",
      "---   < 3", "function M.add(a) end", "", "---Nothing.", "function M.bare() end", "" }, "\n"))
    assert.same({
      add = { line = 8, examples = {
        { line = 2, code = { "local a = 1", "a + 1" }, expected = { "2" } },
        { line = 5, code = { "nil" }, expected = { "nil,", "3" } },
      } },
      bare = { line = 11, examples = {} },
    }, functions)
  end)

  it("tells nil from no value, and a wrong value from a right one", function()
    run_example({ code = { "local a = 1", "a + 1, nil" }, expected = { "2,", "nil" } }, "x")
    assert.has_error(function() run_example({ code = { "1" }, expected = { "2" } }, "x") end)
    assert.has_error(function() run_example({ code = { "1" }, expected = { "1, nil" } }, "x") end)
    assert.has_error(function() run_example({ code = { "1" }, expected = {} }, "x") end)
  end)
end)
