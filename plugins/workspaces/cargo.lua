-- The members of a Cargo workspace: `members` without `exclude`, the root's own package, and what
-- these name by `path`. One depends on another when it names its directory, in whatever table of
-- dependencies, or takes such an entry over from the workspace.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"
local path = require "ggen.std.path"
local toml = require "ggen.std.toml"

local MANIFEST = "Cargo.toml"

-- The first line that fits a pattern.
local function line_of(bytes, pattern)
  local number = 0
  for line in (bytes .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    if line:find(pattern) then return number end
  end
end

-- Where a text stands in quotes.
local function line_of_text(bytes, text)
  return line_of(bytes, '["\']' .. text:gsub("%p", "%%%0") .. '["\']')
end

local function join(dir, file) return dir == "" and file or dir .. "/" .. file end

local function texts(value)
  local list = {}
  for _, element in ipairs(type(value) == "table" and value or {}) do
    if type(element) == "string" then list[#list + 1] = element end
  end
  return list
end

-- Every table of dependencies of a manifest.
local function dependency_tables(manifest, with_dev)
  local kinds, found = { "dependencies", "build-dependencies", "build_dependencies" }, {}
  if with_dev then
    kinds[#kinds + 1], kinds[#kinds + 2] = "dev-dependencies", "dev_dependencies"
  end
  local function add(place)
    for _, kind in ipairs(kinds) do
      if type(place[kind]) == "table" then found[#found + 1] = place[kind] end
    end
  end
  add(manifest)
  for _, target in pairs(type(manifest.target) == "table" and manifest.target or {}) do
    if type(target) == "table" then add(target) end
  end
  return found
end

-- "crates/a" and "../b" to "crates/b"; nil when it leaves the workspace.
local function directory(dir, relative)
  if relative:sub(1, 1) == "/" then return nil end
  local clean = path.normalize(join(dir, relative))
  if clean:match("^%.%.%f[/%z]") then return nil end
  return clean == "." and "" or clean
end

-- The directories that a manifest names by path, sorted.
local function named_directories(manifest, dir, shared, with_dev)
  local found, list = {}, {}
  for _, dependencies in ipairs(dependency_tables(manifest, with_dev)) do
    for name, dependency in pairs(dependencies) do
      local base = dir
      if type(dependency) == "table" and dependency.workspace == true then
        base, dependency = "", shared[name]
      end
      local target = type(dependency) == "table" and type(dependency.path) == "string"
        and directory(base, dependency.path)
      if target and target ~= dir and not found[target] then
        found[target], list[#list + 1] = true, target
      end
    end
  end
  table.sort(list)
  return list
end

local function is_excluded(dir, exclude)
  for _, excluded in ipairs(exclude) do
    if dir == excluded or dir:sub(1, #excluded + 1) == excluded .. "/" then return true end
  end
  return false
end

-- Directories of the members that the root names; a literal one has to be there.
local function members_of(loading, workspace, bytes)
  local members, exclude = texts(workspace.members), {}
  for i, excluded in ipairs(texts(workspace.exclude)) do
    exclude[i] = directory("", excluded) or excluded
  end
  local dirs = {}
  for _, pattern in ipairs(members) do
    local found, message = loading:directories_with({ pattern }, MANIFEST)
    local literal = not pattern:find("[*?%[]")
    if found and #found == 0 and literal then
      found, message = nil, "there is no " .. MANIFEST .. " there"
    end
    if not found then
      return nil, ("the member %q: %s"):format(pattern, message), MANIFEST,
        line_of_text(bytes, pattern)
    end
    for _, dir in ipairs(found) do
      -- What is named itself is a member even below an excluded directory.
      if literal or not is_excluded(dir, exclude) then dirs[#dirs + 1] = dir end
    end
  end
  return dirs, exclude
end

local function find(params)
  local loading = ggen.loading()
  local root, bytes, file, line = loading:decode(MANIFEST, toml.decode)
  if not root then return nil, bytes, file, line end
  local workspace = root.workspace
  if type(workspace) ~= "table" then return nil, "it has no [workspace]", MANIFEST end
  local shared = type(workspace.dependencies) == "table" and workspace.dependencies or {}
  local pending, exclude
  pending, exclude, file, line = members_of(loading, workspace, bytes)
  if not pending then return nil, exclude, file, line end
  if root.package then table.insert(pending, 1, "") end

  local list, by_dir, by_name, next_one = {}, {}, {}, 1
  while pending[next_one] do
    local dir = pending[next_one]
    next_one = next_one + 1
    if not by_dir[dir] then
      local manifest_file = join(dir, MANIFEST)
      local manifest = root
      if dir ~= "" then
        manifest, bytes, file, line = loading:decode(manifest_file, toml.decode)
        if not manifest then return nil, bytes, file, line end
      end
      local name = type(manifest.package) == "table" and manifest.package.name
      if type(name) ~= "string" then
        return nil, "it has no name in [package]", manifest_file
      end
      local entry = { name = name, dir = dir, file = manifest_file,
        line = line_of(bytes, "^%s*name%s*=") or 1 }
      if by_name[name] then
        return nil, ("the package %q is there twice, first in %s"):format(name,
          by_name[name].file), manifest_file, entry.line
      end
      list[#list + 1], by_dir[dir], by_name[name] = entry, entry, entry
      entry.named = named_directories(manifest, dir, shared, params.dev)
      for _, target in ipairs(entry.named) do
        if not is_excluded(target, exclude) and loading:exists(join(target, MANIFEST)) then
          pending[#pending + 1] = target
        end
      end
    end
  end
  for _, entry in ipairs(list) do
    entry.depends_on = {}
    for _, target in ipairs(entry.named) do
      local other = by_dir[target]
      if other then entry.depends_on[#entry.depends_on + 1] = other.name end
    end
    entry.named = nil
  end
  return list
end

---@type ggen.Plugin
return {
  name = "cargo",
  kind = "workspaces",
  version = "1.0.0",
  api = 1,
  desc = "The members of a Cargo workspace, and what each depends on",
  permissions = { "fs:.:ro" },
  params = {
    dev = { type = "boolean", default = true, desc = "Whether dev-dependencies count" },
  },
  setup = function(params) return { find = function() return find(params) end } end,
}
