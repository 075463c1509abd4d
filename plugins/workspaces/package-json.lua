-- The workspaces of npm, yarn, bun and pnpm: the globs in package.json (`workspaces`) or in
-- pnpm-workspace.yaml, and between them whatever one's package.json names of the others.
-- Scripts are tasks only if the pipeline asks for them.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"
local json = require "ggen.std.json"

local MANIFEST, PNPM = "package.json", "pnpm-workspace.yaml"

local KINDS = { "dependencies", "optionalDependencies", "peerDependencies" }

-- The line on which a text stands in quotes: JSON is read without places.
local function line_of(bytes, text)
  local at = bytes:find('"' .. text .. '"', 1, true)
  if not at then return nil end
  local _, before = bytes:sub(1, at):gsub("\n", "")
  return before + 1
end

local function read_manifest(loading, path)
  local value, bytes, file, line = loading:decode(path, json.decode)
  if value == nil then return nil, bytes, file, line end
  if type(value) ~= "table" or value[1] ~= nil then return nil, "an object is expected", path, 1 end
  return value, bytes
end

local function is_list_of_texts(value)
  if type(value) ~= "table" then return false end
  for key, element in pairs(value) do
    if type(key) ~= "number" or type(element) ~= "string" then return false end
  end
  return true
end

-- `packages:` and the lines of its list; nothing else of YAML.
local function pnpm_patterns(bytes)
  local patterns, inside, number = {}, false, 0
  for line in (bytes .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    local text = line:gsub("\r$", ""):gsub("^#.*", ""):gsub("%s+#.*$", "")
    local item = text:match("^%s*%-%s+(.-)%s*$")
    if text:match("^%S") and not item then
      inside = text:match("^packages%s*:%s*$") ~= nil
      if not inside and text:match("^packages%s*:") then
        return nil, 'below "packages:" one line for each pattern is expected, "- libs/*"', number
      end
    elseif inside and text:match("%S") then
      item = item and (item:match("^'([^']*)'$") or item:match('^"([^"\\]*)"$')
        or item:match("^[^'\"%[{&*|>%%@`].*$"))
      if not item or item == "" then
        return nil, 'a pattern is expected here, as in - "packages/*"', number
      end
      patterns[#patterns + 1] = item
    end
  end
  return patterns
end

-- What the root names: patterns, the file that has them, and the bytes of that file.
local function patterns_of(loading)
  local root, bytes, file, line = read_manifest(loading, MANIFEST)
  if not root then return nil, bytes, file, line end
  local patterns = root.workspaces
  if type(patterns) == "table" and patterns.packages ~= nil then patterns = patterns.packages end
  if patterns == nil and loading:exists(PNPM) then
    local message
    bytes, message = loading:read(PNPM)
    if not bytes then return nil, message, PNPM end
    patterns, message, line = pnpm_patterns(bytes)
    if not patterns then return nil, message, PNPM, line end
    return patterns, bytes, PNPM, nil, root
  end
  line = line_of(bytes, "workspaces")
  if patterns == nil then
    return nil, 'it has no "workspaces" (and there is no pnpm-workspace.yaml)', MANIFEST, line
  end
  if not is_list_of_texts(patterns) then
    return nil, '"workspaces" is a list of globs, or an object with such a list as "packages"',
      MANIFEST, line
  end
  return patterns, bytes, MANIFEST, nil, root
end

local function directories(loading, patterns, bytes, file)
  local dirs, message, pattern = loading:directories_with(patterns, MANIFEST)
  if dirs then return dirs end
  return nil, ("workspaces %q: %s"):format(pattern, message), file,
    line_of(bytes, pattern)
end

-- The names of the others that a manifest names, sorted.
local function dependencies(manifest, by_name, with_dev)
  local found, list = {}, {}
  local function add(kind)
    if type(manifest[kind]) ~= "table" then return end
    for name in pairs(manifest[kind]) do
      if by_name[name] and name ~= manifest.name and not found[name] then
        found[name], list[#list + 1] = true, name
      end
    end
  end
  for _, kind in ipairs(KINDS) do add(kind) end
  if with_dev then add("devDependencies") end
  table.sort(list)
  return list
end

-- The program that runs scripts: what the root's package.json says, or whose lock file there is.
local function runner_of(loading, root, chosen)
  if chosen then return chosen end
  local named = type(root.packageManager) == "string" and root.packageManager:match("^(%a+)@")
  if named then return named end
  local files = { { "pnpm-lock.yaml", "pnpm" }, { "yarn.lock", "yarn" }, { "bun.lock", "bun" },
    { "bun.lockb", "bun" } }
  for _, pair in ipairs(files) do
    if loading:exists(pair[1]) then return pair[2] end
  end
  return "npm"
end

-- scripts = { "lint", build = { outputs = { "dist/**" } } } as fields of tasks by name.
local function wanted_scripts(scripts)
  local wanted = {}
  for key, value in pairs(scripts or {}) do
    if type(key) == "number" then wanted[value] = {} else wanted[key] = value end
  end
  return wanted
end

-- A need of a script that this package does not have is none, as `^` skips packages without it.
local function tasks_of(manifest, wanted, runner)
  local scripts, tasks = manifest.scripts, {}
  if type(scripts) ~= "table" then return tasks end
  for name, fields in pairs(wanted) do
    if type(scripts[name]) == "string" then
      local task = { run = { runner, "run", name }, desc = scripts[name] }
      for field, value in pairs(fields) do task[field] = value end
      local needs = type(task.needs) == "string" and { task.needs } or task.needs
      if type(needs) == "table" then
        task.needs = {}
        for _, need in ipairs(needs) do
          if not wanted[need] or type(scripts[need]) == "string" then
            task.needs[#task.needs + 1] = need
          end
        end
      end
      tasks[name] = task
    end
  end
  return tasks
end

local function find(params)
  local loading = ggen.loading()
  local patterns, bytes, file, line, root = patterns_of(loading)
  if not patterns then return nil, bytes, file, line end
  local dirs, message
  dirs, message, file, line = directories(loading, patterns, bytes, file)
  if not dirs then return nil, message, file, line end
  local list, by_name, manifests = {}, {}, {}
  for _, dir in ipairs(dirs) do
    local path = dir == "" and MANIFEST or dir .. "/" .. MANIFEST
    local manifest
    manifest, bytes, file, line = read_manifest(loading, path)
    if not manifest then return nil, bytes, file, line end
    local name = manifest.name
    if name ~= nil and type(name) ~= "string" then
      return nil, '"name" is a text', path, line_of(bytes, "name")
    end
    name = name or dir
    if by_name[name] then
      return nil, ("workspace %q is there twice, first in %s"):format(name, by_name[name].file),
        path, line_of(bytes, "name")
    end
    local entry = { name = name, dir = dir, file = path, line = line_of(bytes, "name") or 1 }
    by_name[name], list[#list + 1], manifests[entry] = entry, entry, manifest
  end
  local wanted = wanted_scripts(params.scripts)
  local runner = next(wanted) and runner_of(loading, root, params.runner)
  for _, entry in ipairs(list) do
    entry.depends_on = dependencies(manifests[entry], by_name, params.dev)
    entry.tasks = tasks_of(manifests[entry], wanted, runner)
  end
  return list
end

---@type ggen.Plugin
return {
  name = "package-json",
  kind = "workspaces",
  version = "1.0.0",
  api = 1,
  desc = "The workspaces of a package.json or pnpm-workspace.yaml, and what each depends on",
  permissions = { "fs:.:ro" },
  params = {
    scripts = { type = "any", desc = "Scripts that become tasks of the workspaces that have them:"
      .. ' names, or fields of the task by name, as in `{ "lint", build = { outputs = { "dist/**" }'
      .. " } }`",
      check = function(value)
        if type(value) ~= "table" then return "a list of names expected" end
        for key, element in pairs(value) do
          local good = type(key) == "number" and type(element) == "string"
            or type(key) == "string" and type(element) == "table"
          if not good then return 'names of scripts, or NAME = { fields of the task } expected' end
        end
      end },
    runner = { type = "string", desc = "The program that runs scripts (default: the package"
      .. " manager that package.json names or whose lock file there is, else npm)" },
    dev = { type = "boolean", default = true, desc = "Whether devDependencies count" },
  },
  setup = function(params) return { find = function() return find(params) end } end,
}
