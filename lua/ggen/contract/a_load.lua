-- A load of a pipeline, for what is called while one goes on: files to read, and a record of what
-- is asked, as load.lua makes them. The files are those of spec/fixtures beside the plugin's specs,
-- and small ones of the formats that the built-in plugins read.
-- SPDX-License-Identifier: MIT
local dsl = require("ggen.dsl")
local fs = require("ggen.core.fs")
local loading = require("ggen.loading")
local world = require("ggen.contract.world")

local M = {}

-- By what is built in, and by the examples of docs/contract/.
local FILES = {
  ["package.json"] = '{ "name": "all", "workspaces": ["apps/*", "libs/*"] }\n',
  ["Cargo.toml"] = '[workspace]\nmembers = ["apps/web", "libs/core"]\n',
  ["go.work"] = "go 1.21\n\nuse (\n  ./apps/web\n  ./libs/core\n)\n",
  ["make.toml"] = '[lifecycle.build]\ncommand = "echo build"\n\n[lifecycle.test]\n'
    .. 'command = "echo test"\nrequires = ["build"]\n',
  ["tasks.txt"] = "build: echo build\ntest: echo test\n",
  ["modules.txt"] = "apps/web: core\nlibs/core\n",
}
local MEMBERS = {
  ["apps/web"] = { ["package.json"] = '{ "name": "web", "dependencies": { "core": "1" } }\n',
    ["Cargo.toml"] = '[package]\nname = "web"\nversion = "1.0.0"\n\n[dependencies]\n'
      .. 'core = { path = "../../libs/core" }\n',
    ["go.mod"] = "module example.org/web\n\nrequire example.org/core v1.0.0\n" },
  ["libs/core"] = { ["package.json"] = '{ "name": "core" }\n',
    ["Cargo.toml"] = '[package]\nname = "core"\nversion = "1.0.0"\n',
    ["go.mod"] = "module example.org/core\n" },
}

local function put(dir, path, text)
  local file = dir .. "/" .. path
  assert(fs.mkdir(file:match("^(.*)/")))
  assert(fs.write(file, text))
end

local function put_fixtures(root, dir)
  local names = {}
  for _, path in ipairs(fs.glob(root .. "/spec/fixtures", { "**/*" }) or {}) do
    local text = fs.read(root .. "/spec/fixtures/" .. path, 2 ^ 20)
    if text then
      put(dir, path, text)
      names[path] = true
    end
  end
  return names
end

---Writes the files of a project.
---@param suite ggen.contract.Suite
---@return string[] names of the files in its root, sorted
function M.files(suite)
  if suite.files then return suite.files end
  return world.outside(function()
    local names = put_fixtures(suite.root or "", suite.dir)
    for name, text in pairs(FILES) do
      if not names[name] then put(suite.dir, name, text) end
      names[name] = true
    end
    for dir, files in pairs(MEMBERS) do
      for name, text in pairs(files) do
        if not names[dir .. "/" .. name] then put(suite.dir, dir .. "/" .. name, text) end
      end
    end
    local list = {}
    for name in pairs(names) do if not name:find("/", 1, true) then list[#list + 1] = name end end
    table.sort(list)
    suite.files = list
    return list
  end)
end

-- A message of the system is in the plugin's words: of the refusal only the reason counts.
local function refuse(our_world, what)
  local message = our_world:refuse(what)
  our_world.refusals[#our_world.refusals] = message:match(": (refused .*)$")
  return nil, message, "io"
end

-- What is asked while it goes on; in a world where all fails, nothing can be read.
local function inputs_of(our_world)
  local real, made = require("ggen.core.snapshot").inputs(), {}
  for _, name in ipairs({ "files", "directories", "real_path" }) do
    made[name] = function(_, ...)
      if our_world.failing then
        return refuse(our_world, ("%s %s"):format(name, tostring((...))))
      end
      local args, count = { ... }, select("#", ...)
      return world.outside(function() return real[name](real, unpack(args, 1, count)) end)
    end
  end
  function made.read(_, path)
    if our_world.failing then return refuse(our_world, "read " .. tostring(path)) end
    return real:read(path)
  end
  function made.exists(_, path) return real:exists(path) end
  function made.variable() end
  function made.refuse() end
  return made
end

---Calls a function while a pipeline is loaded from the project.
---@param suite ggen.contract.Suite
---@param call fun(): ...
---@return ...
function M.around(suite, call)
  local inputs, dir, models = loading.inputs, dsl.current_dir, loading.models
  loading.inputs, dsl.current_dir, loading.models = inputs_of(suite.world), suite.dir, nil
  local function back(ok, ...)
    loading.inputs, dsl.current_dir, loading.models = inputs, dir, models
    if not ok then error((...), 0) end
    return ...
  end
  return back(pcall(call))
end

return M
