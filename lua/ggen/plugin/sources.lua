-- The rock in a directory: its rockspec, the files that belong to it, and whether what its parts
-- say of each other agrees.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")

local M = {}

local MOST_BYTES = 64 * 1024 * 1024

---@class ggen.RockSources
---@field dir string absolute
---@field file string name of the rockspec
---@field text string its text
---@field spec table what it says
---@field name string of the rock
---@field version string "0.1.0-1"

---@async
---@param name string? of the rockspec; nil: the one that is there
---@param dir string absolute
---@return ggen.RockSources raises a fault
function M.open(name, dir)
  local file = name
  if not file then
    local found = {}
    for _, entry in ipairs(fs.list(dir) or {}) do
      if entry.name:find("%.rockspec$") then found[#found + 1] = entry.name end
    end
    if #found ~= 1 then
      fault.raise(#found == 0 and "there is no rockspec here (ggen-lua plugin new makes one)"
        or ("there are %d rockspecs here: name one of %s"):format(#found,
          table.concat(found, ", ")))
    end
    file = found[1]
  end
  local path = file:sub(1, 1) == "/" and file or dir .. "/" .. file
  local text, message = fs.read(path, 1024 * 1024)
  if not text then fault.raise(message) end
  -- It is a program: it runs in a process of its own, which gives it nothing to work with.
  local spec
  spec, message = require("ggen.plugin.child").ask({ what = "rockspec", path = path })
  if not spec then fault.raise(("%s: %s"):format(file, message)) end
  if type(spec.package) ~= "string" or type(spec.version) ~= "string"
    or type(spec.source) ~= "table" or type(spec.source.url) ~= "string"
    or type(spec.build) ~= "table" then
    fault.raise(file .. ": package, version, source.url and build expected")
  end
  local self = { dir = path:match("^(.*)/"), file = path:match("[^/]*$"), text = text, spec = spec,
    name = spec.package:lower(), version = spec.version }
  if self.file ~= ("%s-%s.rockspec"):format(self.name, self.version) then
    fault.raise(("%s: by what it says its name has to be %s-%s.rockspec"):format(self.file,
      self.name, self.version))
  end
  return self
end

-- The paths of a repository of git that git does not ignore; nil elsewhere.
local function paths_of_git(dir)
  local result = require("ggen").std.sh.run({ "git", "-C", dir, "ls-files", "-z", "--cached",
    "--others", "--exclude-standard" }, { env = { HOME = os.getenv("HOME") } })
  if not result or result.code ~= 0 then return nil end
  local paths = {}
  for path in result.stdout:gmatch("%Z+") do paths[#paths + 1] = path end
  return paths
end

local SKIPPED = { "^lua_modules/", "^%.luarocks/", "^%.ggen/", "%.rock$" }

local function is_skipped(path)
  for _, pattern in ipairs(SKIPPED) do
    if path:find(pattern) then return true end
  end
  return false
end

---The files that belong to it.
---@async
---@param sources ggen.RockSources
---@return table<string, string> bytes by path; raises a fault
function M.files(sources)
  local files, size = {}, 0
  local paths = paths_of_git(sources.dir) or fault.check(fs.glob(sources.dir, "**"))
  for _, path in ipairs(paths) do
    local full = sources.dir .. "/" .. path
    local info = not is_skipped(path) and fs.stat(full, { follow = false })
    if info and info.type == "link" then
      fault.raise(("%s is a link: a rock has files only"):format(path))
    elseif info and info.type == "file" then
      size = size + info.size
      if size > MOST_BYTES then fault.raise("these are more than 64 MiB of files") end
      files[path] = fault.check(fs.read(full))
    end
  end
  return files
end

-- What the manifest of a plugin and the rockspec say of each other.
local function plugin_problems(sources, kind, name, path, limit, add)
  local full = sources.dir .. "/" .. path
  if not fs.stat(full) then return add(("there is no file %s"):format(path)) end
  local target = require("ggen.plugin.target")
  local ok, plugin = pcall(function()
    local root = full:match("^(.*/)ggen/plugins/") or full:match("^(.*/)")
    return target.within(full, limit, target.of_rock, root, kind, name, full, sources.dir)
  end)
  if not ok then return add(tostring(plugin)) end
  local version = sources.version:match("^(.*)%-%d+$")
  if plugin.version ~= version then
    add(("%s has the version %s, and the rockspec %s"):format(path, plugin.version,
      sources.version))
  end
end

-- Modules beside the plugin that the rockspec does not name: its users would not have them.
local function forgotten(sources, add)
  local modules, named, roots = sources.spec.build.modules or {}, {}, {}
  for module, path in pairs(modules) do
    if type(path) == "string" then
      path = path:gsub("^%./", "")
      named[path] = true
      local root = path:match("^(.*/)ggen/plugins/.")
      if root and tostring(module):find("^ggen%.plugins%.") then roots[root] = true end
    end
  end
  for root in require("ggen.sorted").pairs(roots) do
    for _, path in ipairs(fs.glob(sources.dir .. "/" .. root, { "**/*.lua" }) or {}) do
      if not named[root .. path] then
        local module = path:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
        add(("%s is no module of the rockspec, so its users would not have it: [%q] = %q"):format(
          root .. path, module, root .. path))
      end
    end
  end
end

-- By the name of a rock its users find the plugin.
local function name_problem(sources, plugins)
  for _, plugin in ipairs(plugins) do
    if sources.name == ("ggen-%s-%s"):format(plugin.kind, plugin.name) then return nil end
  end
  return ("the rock is called %s; by the plugin in it it has to be ggen-%s-%s"):format(
    sources.name, plugins[1].kind, plugins[1].name)
end

---What does not agree.
---@param sources ggen.RockSources
---@param limit number seconds for the file of a plugin
---@return string[] problems
function M.problems(sources, limit)
  local problems = {}
  local function add(text) problems[#problems + 1] = text end
  local spec, plugins = sources.spec, {}
  for module, path in require("ggen.sorted").pairs(spec.build.modules or {}) do
    local kind, name = tostring(module):match("^ggen%.plugins%.(%a+)%.([^.]+)$")
    if kind and type(path) == "string" then
      plugins[#plugins + 1] = { kind = kind, name = name }
      plugin_problems(sources, kind, name, path, limit, add)
    end
  end
  add(plugins[1] and name_problem(sources, plugins)
    or not plugins[1] and "build.modules of the rockspec has no module ggen.plugins.KIND.NAME"
    or nil)
  forgotten(sources, add)
  local version, tag = sources.version:match("^(.*)%-%d+$"), spec.source.tag
  if tag and tag ~= "v" .. version and tag ~= version then
    add(("source.tag is %s, and the version %s"):format(tostring(tag), sources.version))
  end
  local changes = fs.read(sources.dir .. "/CHANGELOG.md")
  if changes and version ~= "scm" and version ~= "dev" and not changes:find(version, 1, true) then
    add(("CHANGELOG.md says nothing of %s"):format(version))
  end
  return problems
end

---Where LuaRocks looks for the sources inside of a rock of sources.
---@param sources ggen.RockSources
---@return string
function M.source_dir(sources)
  local source = sources.spec.source
  if not source.url:find("^git[+:]") then
    fault.raise(("source.url is %s: plugin pack makes rocks of repositories of git (git+https://…);"
      .. " of an archive: luarocks pack %s"):format(source.url, sources.file))
  end
  return source.dir or source.url:gsub("/+$", ""):match("([^/]*)$"):gsub("%.git$", "")
end

return M
