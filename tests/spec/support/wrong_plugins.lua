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
  setup = function(params, host)
    %s
  end,
}
]]

---@param kind string
---@param body string of setup(params, host); `ggen` and `state` are there
---@param options ggen.contract.Options?
---@return ggen.contract.Report
function M.check(kind, body, options)
  local dir = assert(fs.make_temp_dir("ggen-wrong-"))
  assert(fs.write(dir .. "/wrong.lua", HEAD:format(kind, body)))
  local given = { schedules = 30, dir = dir }
  for name, value in pairs(options or {}) do given[name] = value end
  local ok, report = pcall(contract.check, "./wrong.lua", given)
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
---@param options ggen.contract.Options?
function M.describe(kind, cases, options)
  local env = getfenv(2)
  for _, case in ipairs(cases) do
    local what, name, body, text = unpack(case)
    env.it(("finds by %q a plugin that %s"):format(name, what), function()
      local names, message = M.failed(M.check(kind, body, options))
      env.assert.same({ name }, names, message)
      env.assert.matches(text, message, 1, true)
      env.assert.matches("the contract: ", message, 1, true)
      env.assert.matches("again with: ggen-lua plugin test ./wrong.lua --seed 1", message, 1, true)
    end)
  end
end

---The built-in plugins of a kind.
---@param kind string
---@return string[] names
function M.builtins(kind)
  local names = {}
  for _, name in ipairs(require("ggen.registry").builtin()) do
    if name:find(kind .. ".", 1, true) == 1 then names[#names + 1] = name end
  end
  return names
end

return M
