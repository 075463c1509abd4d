-- Plugins that are right but for one thing, and what the contract suite finds of them.
-- SPDX-License-Identifier: MIT
local contract = require("ggen.contract")
local fs = require("ggen.core.fs")

local M = {}

local HEAD = [[
local ggen = require("ggen")
local state = {}
return {
  name = "wrong", kind = "%s", version = "1.0.0", api = 1, desc = "Wrong on purpose",
  params = { level = { type = "integer", min = 0, max = 9, default = 3, desc = "Any number" } },
  permissions = { "process", "net:*", "fs:/" },
  %s
  setup = function(params, host)
    %s
  end,
}
]]

---@param kind string
---@param body string of setup(params, host); `ggen` and `state` are there
---@param options ggen.contract.Options? and `fields`: more of the plugin's table, as text
---@param path string? of its file; in ggen/plugins it is that of a rock
---@return ggen.contract.Report
function M.check(kind, body, options, path)
  path = path or "./wrong.lua"
  local dir = assert(fs.make_temp_dir("ggen-wrong-"))
  assert(fs.mkdir((dir .. "/" .. path):match("^(.*)/")))
  assert(fs.write(dir .. "/" .. path, HEAD:format(kind, options and options.fields or "", body)))
  local given = { schedules = 30, dir = dir }
  for name, value in pairs(options or {}) do given[name] = value end
  local ok, report = pcall(contract.check, path, given)
  assert(fs.remove(dir, { recursive = true }))
  if not ok then error(report, 0) end
  return report
end

---@param report ggen.contract.Report
---@return string[] names of the checks that failed
---@return string message of all of them
function M.failed(report)
  local names, messages = {}, {}
  for _, check in ipairs(report.checks) do
    if not check.ok then
      names[#names + 1], messages[#messages + 1] = check.name, check.name .. ": " .. check.message
    end
  end
  return names, table.concat(messages, "\n")
end

---A test of each: { what is wrong, the check that says so, body of setup, text of the message }.
---@param kind string
---@param cases table[]
---@param path string? of its file
---@param options ggen.contract.Options?
function M.describe(kind, cases, path, options)
  local env = getfenv(2)
  for _, case in ipairs(cases) do
    local what, name, body, text = unpack(case)
    env.it(("finds by %q a plugin that %s"):format(name, what), function()
      local names, message = M.failed(M.check(kind, body, options, path))
      env.assert.same({ name }, names, message)
      env.assert.matches(text, message, 1, true)
      env.assert.matches("the contract: ", message, 1, true)
      env.assert.matches(("again with: ggen-lua plugin test %s --seed 1"):format(path
        or "./wrong.lua"), message, 1, true)
    end)
  end
end

local function finds_nothing(env, report)
  local names, message = M.failed(report)
  env.assert.same({}, names, message)
  env.assert.is_true(report.ok)
end

---A test that nothing is found about a plugin that is right.
---@param kind string
---@param body string
---@param path string? of its file
---@param options ggen.contract.Options?
function M.good(kind, body, path, options)
  local env = getfenv(2)
  env.it("finds nothing about a good one", function()
    local report = M.check(kind, body, options, path)
    finds_nothing(env, report)
    env.assert.same({ kind, path or "./wrong.lua", 1 }, { report.kind, report.name, report.seed })
  end)
end

---The same of the example on the page of a kind (docs/contract/).
---@param kind string
---@param options ggen.contract.Options?
function M.example(kind, options)
  local env = getfenv(2)
  env.it("finds nothing about the example on its page", function()
    local given = { schedules = 100, dir = fs.cwd() .. "/docs/contract/examples" }
    for name, value in pairs(options or {}) do given[name] = value end
    finds_nothing(env, contract.check(("./%s.lua"):format(kind), given))
  end)
end

---The same of the built-in plugins of a kind.
---@param kind string
---@param given table<string, table>? params of those that need some, by name
function M.builtin(kind, given)
  local env = getfenv(2)
  for _, name in ipairs(require("ggen.registry").builtin()) do
    if name:find(kind .. ".", 1, true) == 1 then
      env.it("finds nothing about " .. name, function()
        finds_nothing(env, contract.check(name, { schedules = 100,
          params = given and given[name] }))
      end)
    end
  end
end

return M
