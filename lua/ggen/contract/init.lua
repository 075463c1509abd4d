-- The contract suite: proves a plugin against the contract of its kind, in a world with a clock
-- that is turned and processes that run nothing. check("scheduler.lifo") gives a report,
-- busted("scheduler.lifo") makes a test of each check.
--
-- What a kind adds is a module of its own, lua/ggen/contract/KIND.lua; suite.lua says what is in
-- one (ggen.contract.Kind).
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local globals = require("ggen.contract.globals")
local suites = require("ggen.contract.suite")
local values = require("ggen.contract.values")
local world = require("ggen.contract.world")

local M = {}

local SCHEDULES = 1000
local LOADS = 10 -- seconds for the file of a plugin, which has nothing to do but define

---@class ggen.contract.Options
---@field params table? what a pipeline would give the plugin
---@field seed integer? of all choices; 1 when it is not given
---@field schedules integer? how many are played; 1000 when it is not given
---@field load_timeout number? seconds for the file of the plugin; 10 when it is not given
---@field dir string? of paths, and the project of an installed plugin; else the current directory

---@class ggen.contract.Check
---@field name string
---@field ok boolean
---@field message string? what was called with what, what came, what is right, and how to see it
---@field seconds number

---@class ggen.contract.Report
---@field kind string
---@field name string
---@field seed integer
---@field ok boolean
---@field checks ggen.contract.Check[]

local function contract_of(kind)
  local module = "ggen.contract." .. kind
  for _, loader in ipairs(package.loaders) do
    if type(loader(module)) == "function" then return require(module) end
  end
  return nil
end

-- The file that a name is the path of.
local function path_of(name, project)
  if not (name:find("^%.?%.?/") or name:find("%.lua$")) then return nil end
  return name:sub(1, 1) == "/" and name or project .. "/" .. name:gsub("^%./", "")
end

---@param name string "kind.name" or a path
---@param project string absolute: of paths, and of the lock
---@param dir string absolute: what the plugin may touch
---@return ggen.Plugin
local function load_plugin(name, project, dir)
  local path = path_of(name, project)
  if not path then
    return require("ggen.registry").load(name, { dir = dir, project = project })
  end
  local root, kind, short = path:match("^(.*/)ggen/plugins/(%a+)/(.+)%.lua$")
  if root and fs.stat(path) then
    return require("ggen.plugin.target").of_rock(root, kind, short, path, dir)
  end
  local written = name:find("^%.?%.?/") and name or "./" .. name
  return require("ggen.registry").load(written, { dir = project })
end

local function now()
  return require("ggen.core.clock").monotonic()
end

-- Whether it runs in a process of its own, because its file or the lock says so.
local function is_in_process(plugin, name, project)
  if plugin.trust == "process" then return true end
  local text = path_of(name, project) and fs.read(path_of(name, project))
  if text then return require("ggen.isolation.mark").is_in(text) end
  local installed = require("ggen.plugin.installed").of(project)
  local found = installed and installed:has(name) and installed:plugin(name)
  return found and found.trust == "process" or false
end

-- One check, in a world of its own.
local function run_check(suite, check)
  local began, problem = now(), nil
  local ok, raised = pcall(function()
    suite:inside(function() problem = check.run(suite) end)
  end)
  if not ok then problem = ("the check itself broke: %s\n%s"):format(tostring(raised),
    suite:again()) end
  return { name = check.name, ok = problem == nil, message = problem,
    seconds = math.floor((now() - began) * 1e6) / 1e6 }
end

local COMMON = require("ggen.contract.checks")

-- The compiler is off but for the times: the hook that ends an endless loop does not see compiled
-- code, and of short calls in many worlds little is worth to be compiled.
local function without_compiler(fn)
  local was_on = jit.status()
  local ok, value = pcall(fn)
  jit[was_on and "on" or "off"]()
  if not ok then error(value, 0) end
  return value
end

-- Where one of these fails there is little more to say: without a setup nothing can be called, what
-- is played takes long for who is slow, and laws are about what right answers mean.
local FIRST = { setup = true, answers = true, budget = true }

local function run_checks(suite, on_check)
  local checks, is_basic, is_over = {}, true, false
  local function add(check)
    if suite.hung and check.name ~= "budget" then return end -- it would not end either
    local result = run_check(suite, check)
    checks[#checks + 1] = result
    is_basic = is_basic and (result.ok or not FIRST[check.name])
    is_over = is_over or not result.ok and (check.name == "setup" or check.name == "budget")
    if on_check then on_check(result) end
  end
  for _, check in ipairs(COMMON) do
    if not is_over then
      jit[check.name == "budget" and "on" or "off"]()
      jit.flush()
      add(check)
    end
  end
  jit.off()
  for _, law in ipairs(is_basic and suite.kind.laws or {}) do add(law) end
  -- What came to no end after that check had its turn.
  for i, check in ipairs(suite.hung and checks or {}) do
    if check.name == "budget" and check.ok then
      checks[i] = run_check(suite, COMMON[i])
      if on_check then on_check(checks[i]) end
    end
  end
  return checks
end

---Proves a plugin against the contract of its kind.
---@async
---@param name string "kind.name", or the path of a file
---@param options ggen.contract.Options?
---@param on_check (fun(check: ggen.contract.Check))? told of each as it is done
---@return ggen.contract.Report report raises a fault when there is no such plugin or kind of it
function M.check(name, options, on_check)
  options = options or {}
  world.install() -- the libraries of Lua are not the same after it
  local before = globals.now()
  local dir = fault.check(fs.make_temp_dir("ggen-contract-"))
  local suite
  local ok, problem = pcall(function()
    local plugin = require("ggen.plugin.target").within(name,
      options.load_timeout or LOADS, load_plugin, name, options.dir or fs.cwd(), dir)
    local kind = contract_of(plugin.kind)
    if not kind then
      fault.raise(("plugin %q: there is no contract suite for the kind %s"):format(name,
        plugin.kind))
    end
    suite = suites.new({ name = name, plugin = plugin, kind = kind, seed = options.seed or 1,
      schedules = options.schedules or SCHEDULES, params = values.copy(options.params or {}),
      dir = dir, globals = before, given = options.params, root = options.dir or fs.cwd() })
    -- What has to be given and was not.
    for param, value in pairs(values.params(plugin.params, suite:draw("params"), false)) do
      if suite.params[param] == nil then suite.params[param] = value end
    end
    suite.project = require("ggen.contract.graphs").draw(suite:draw("project"), dir, 8).project
    suite.in_process = is_in_process(plugin, name, options.dir or fs.cwd())
    -- The process of a plugin ends with the last of its instances: one stays from here on.
    local kept
    suite:inside(function() kept = suite.in_process and suite:set_up() end)
    suite.checks = without_compiler(function() return run_checks(suite, on_check) end)
    suite:inside(function() if kept then suite:close(kept) end end)
  end)
  fs.remove(dir, { recursive = true })
  if not ok then error(problem, 0) end
  local report = { kind = suite.plugin.kind, name = name, seed = suite.seed, ok = true,
    checks = suite.checks }
  for _, check in ipairs(report.checks) do report.ok = report.ok and check.ok end
  return report
end

---Makes a test of each check, for busted: call it in a file of specs.
---@param name string "kind.name", or the path of a file
---@param options ggen.contract.Options?
function M.busted(name, options)
  local env = getfenv(2)
  env.describe(("the contract of %s"):format(name), function()
    local report
    local function checks()
      report = report or M.check(name, options)
      return report.checks
    end
    for _, check in ipairs(COMMON) do
      env.it(check.name, function()
        for _, result in ipairs(checks()) do
          if result.name == check.name and not result.ok then error(result.message, 0) end
        end
      end)
    end
    env.it("laws of its kind", function()
      local is_common, messages = {}, {}
      for _, check in ipairs(COMMON) do is_common[check.name] = true end
      for _, result in ipairs(checks()) do
        if not is_common[result.name] and not result.ok then
          messages[#messages + 1] = result.name .. ": " .. result.message
        end
      end
      if messages[1] then error(table.concat(messages, "\n\n"), 0) end
    end)
  end)
end

return M
