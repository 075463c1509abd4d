-- A rock on its way into a project: checked before anything of it is unpacked or run, unpacked and
-- installed by LuaRocks into a directory of its own, and looked at again as files.
-- SPDX-License-Identifier: MIT
local archive = require("ggen.plugin.archive")
local child = require("ggen.plugin.child")
local fs = require("ggen.core.fs")
local hash = require("ggen.core.hash")
local luarocks = require("ggen.plugin.luarocks")
local process = require("ggen.plugin.process")
local rockspec = require("ggen.plugin.rockspec")

local M = {}

local MOST_ROCK, MOST_FILE = 64 * 1024 * 1024, 4 * 1024 * 1024
local GIT_TIME, GZIP_TIME = 300, 60 -- seconds

---@class ggen.Rock one that is checked and unpacked
---@field rock string its name
---@field version string
---@field plugin string? "scheduler.lifo", when it is the rock of one
---@field spec table its rockspec
---@field share string directory with its modules
---@field files table<string, string> sha256 by path
---@field source string as the lock has it
---@field built boolean? programs were run for it
---@field manifest table? of the plugin

---@class ggen.RockOptions
---@field work string an empty directory
---@field allow_build boolean?

-- Calls a function with each file below a directory until it gives a problem. Links are one.
local function visit_files(root, visit, prefix)
  prefix = prefix or ""
  local entries, message = fs.list(root .. "/" .. prefix)
  if not entries then return message end
  for _, entry in ipairs(entries) do
    local relative = prefix .. entry.name
    local problem
    if entry.type == "directory" then problem = visit_files(root, visit, relative .. "/")
    elseif entry.type ~= "file" then problem = relative .. " is a link, or no file"
    else problem = visit(root .. "/" .. relative, relative) end
    if problem then return problem end
  end
end

-- The digests of all files below a directory, by their paths.
local function files_of(root)
  local files, bytes = {}, 0
  local problem = visit_files(root, function(path, relative)
    local text, message = fs.read(path, MOST_FILE)
    if not text then return message end
    bytes = bytes + #text
    if bytes > archive.MOST_BYTES then return "it has too many bytes" end
    if text:byte(1) == 27 then return relative .. " is compiled Lua" end
    files[relative] = hash.bytes(text)
    return require("ggen.plugin.lock").path_problem(relative)
      and relative .. " is no path of a module"
  end)
  if problem then return nil, problem end
  return files
end

-- Which files a rock may have: the place of ggen-lua is its own, but for the plugin that it is.
local function place_problem(rock, files)
  local base = rock.plugin and "ggen/plugins/" .. rock.plugin:gsub("%.", "/", 1)
  for path in require("ggen.sorted").pairs(files) do
    local own = base and (path == base .. ".lua" or path:sub(1, #base + 1) == base .. "/")
    if (path:find("^ggen/") or path == "ggen.lua") and not own then
      if not rock.plugin then
        return ("it is named %s and has the module %s: the rock of a plugin is named"
          .. " ggen-KIND-NAME"):format(rock.rock, path)
      end
      return ("it has the module %s: the rock %s may have %s.lua and what is below %s/"):format(
        path, rock.rock, base, base)
    end
  end
  if not base then return nil end
  if not files[base .. ".lua"] and not files[base .. "/init.lua"] then
    return ("it has no %s.lua, which the name of the rock promises"):format(base)
  end
  local command = rock.plugin:match("^command%.(.+)$")
  if command and require("ggen.cli").is_command(command) then
    return ("its name is that of a command of ggen-lua: ggen-lua %s would never be this plugin")
      :format(command)
  end
  if require("ggen.core.embedded").has("ggen.plugins." .. rock.plugin) then
    return ("its name is that of a built-in plugin: %s is part of ggen-lua, and no rock can stand"
      .. " in for it"):format(rock.plugin)
  end
end

local function take(rock, share)
  local files, message = files_of(share)
  if not files then return nil, message end
  rock.share, rock.files = share, files
  message = place_problem(rock, files)
  if message then return nil, message end
  return rock
end

local function described(spec, options)
  local problem = rockspec.problem(spec, options.allow_build)
  if problem then return nil, problem end
  return { rock = spec.package, version = spec.version, spec = spec, source = "",
    plugin = rockspec.plugin_of(spec.package), built = options.allow_build or nil }
end

-- Modules that links lead elsewhere for, and those in C that LuaRocks would find by itself.
local function sources_problem(spec, dir, options)
  local root = fs.realpath(dir)
  local function leaves(path)
    local real = fs.realpath(root .. "/" .. path)
    return real and real ~= root and real:sub(1, #root + 1) ~= root .. "/"
  end
  for _, list in ipairs({ spec.build and spec.build.modules or {}, { "lua", "src", "lib" } }) do
    for _, path in pairs(list) do
      if type(path) == "string" and leaves(path) then
        return ("%s is a link that leads out of it"):format(path)
      end
    end
  end
  if options.allow_build or not rockspec.finds_modules(spec) then return nil end
  for _, part in ipairs({ "lua", "src", "lib" }) do
    local found = fs.glob(root .. "/" .. part, { "**/*.c" })
    if found and found[1] then
      return ("%s/%s is in C: name the modules in the rockspec, or --allow-build lets it be"
        .. " compiled"):format(part, found[1])
    end
  end
end

-- Writes down what a rockspec was found to say. With LuaRocks only that is used: it would run the
-- rockspec itself once more.
local function settle(spec, options)
  local path = ("%s/%s-%s.rockspec"):format(options.work, spec.package, spec.version)
  local ok, message = fs.write(path, rockspec.encode(spec))
  return ok and path, message
end

-- Sources and their rockspec, made into modules.
local function make(spec, dir, options)
  local rock, message = described(spec, options)
  message = message or sources_problem(spec, dir, options)
  if message then return nil, message end
  local tree = options.work .. "/tree"
  local path, problem = settle(spec, options)
  if not path then return nil, problem end
  local ok, failure = luarocks.make(path, dir, tree, options.allow_build)
  if not ok then return nil, failure end
  return take(rock, tree .. "/share/lua/5.1")
end

-- The bytes of a file in a rock, without unpacking the rest.
local function inner(path, name)
  local result, message = process.run({ "unzip", "-p", path, (name:gsub("[%[%]%*%?]", "\\%0")) },
    { timeout = GZIP_TIME, capture = archive.MOST_BYTES + 1 })
  if not result then return nil, message end
  if result.code ~= 0 then return nil, process.reason(result) end
  return result.stdout
end

-- The archive within a rock of sources.
local function inner_problem(path, name)
  local result
  local text, message = inner(path, name)
  if not text then return message end
  if name:find("%.zip$") then return select(2, archive.zip(text)) end
  if not name:find("%.tar$") then
    result, message = process.run({ "gzip", "-dc" }, { timeout = GZIP_TIME, stdin = text,
      capture = archive.MOST_BYTES + 1 })
    if not result then return message end
    if result.truncated or result.timed_out then
      return ("unpacked it has more than %d MiB"):format(archive.MOST_BYTES / 2 ^ 20)
    end
    if result.code ~= 0 then return process.reason(result) end
    text = result.stdout
  end
  return select(2, archive.tar(text))
end

-- What is wrong with the archive; otherwise which kind of rock it is.
local function look(path)
  local text, message, kind = fs.read(path, MOST_ROCK)
  if not text then
    return nil, kind == "limit" and "it is larger than 64 MiB" or message
  end
  local entries
  entries, message = archive.zip(text)
  if not entries then return nil, message end
  local named, specs, archives = path:match("([^/]*)$"), {}, {}
  local base, arch = named:match("^(.+%-%d+)%.([%w_%-]+)%.rock$")
  if not base then return nil, "a rock is named NAME-VERSION.ARCH.rock" end
  for _, entry in ipairs(entries) do
    local name = entry.name:gsub("^%./", "")
    if name:find("^[^/]+%.rockspec$") then specs[#specs + 1] = name end
    if name:find("^lib/.") or name:find("%.so$") or name:find("%.dll$") then
      return nil, ("there is compiled code in it (%s), which no plugin can use"):format(name)
    end
    if arch == "src" and not name:find("/") and not name:find("%.rockspec$") then
      if not (name:find("%.tar%.gz$") or name:find("%.tgz$") or name:find("%.zip$")
        or name:find("%.tar$") or name:find("%.lua$")) then
        return nil, ("its sources are %s, and only .tar.gz, .tgz, .tar and .zip are looked into")
          :format(name)
      end
      if not name:find("%.lua$") then archives[#archives + 1] = name end
    end
  end
  if #specs ~= 1 or specs[1] ~= base .. ".rockspec" then
    return nil, ("there is no %s.rockspec at its top, or there are others"):format(base)
  end
  for _, name in ipairs(archives) do
    message = inner_problem(path, name)
    if message then return nil, ("%s in it: %s"):format(name, message) end
  end
  return arch, specs[1]
end

-- The same rock, made of what is in it, with its rockspec as it was found to be: of an archive that
-- can be read in two ways one is left.
local function repack(path, spec_name, spec, options)
  local dir, out = options.work .. "/opened", options.work .. "/checked"
  fs.mkdir(dir)
  fs.mkdir(out)
  local result, message = process.run({ "unzip", "-q", "-o", path, "-d", dir },
    { timeout = GZIP_TIME })
  if not result then return nil, message end
  if result.code ~= 0 then return nil, process.reason(result) end
  local files = {}
  message = visit_files(dir, function(full, relative)
    local text, problem = fs.read(full, archive.MOST_BYTES)
    files[relative] = text
    return problem
  end)
  if message then return nil, message end
  files[spec_name] = rockspec.encode(spec)
  local repacked = out .. "/" .. path:match("[^/]*$")
  local ok, problem = fs.write(repacked, require("ggen.plugin.zip_file").encode(files))
  return ok and repacked, problem
end

---A rock file.
---@async
---@param path string
---@param options ggen.RockOptions
---@return ggen.Rock?
---@return string? message
function M.of_file(path, options)
  local arch, spec_name = look(path)
  if not arch then return nil, spec_name end
  if arch ~= "src" and arch ~= "all" then
    return nil, ("it is compiled for %s: a plugin is made of Lua modules"):format(arch)
  end
  -- LuaRocks would run the rockspec: what it says is looked at first.
  local text, message = inner(path, spec_name)
  local spec_path, spec = options.work .. "/" .. spec_name, nil
  if text then text, message = fs.write(spec_path, text) end
  if text then spec, message = child.ask({ what = "rockspec", path = spec_path }) end
  if not spec then return nil, message end
  message = rockspec.problem(spec, options.allow_build)
  if message then return nil, message end
  if spec_name ~= ("%s-%s.rockspec"):format(spec.package, spec.version) then
    return nil, ("%s is the rockspec of %s %s"):format(spec_name, tostring(spec.package),
      tostring(spec.version))
  end
  -- One that may run programs keeps what it may run.
  if not options.allow_build then path, message = repack(path, spec_name, spec, options) end
  if not path then return nil, message end
  local unpacked = options.work .. "/unpacked"
  fs.mkdir(unpacked)
  local dir, sources = luarocks.unpack(path, unpacked)
  if not dir then return nil, sources end
  if arch == "src" then
    if not sources then return nil, "there are no sources in it" end
    message = visit_files(dir, function() end)
    if message then return nil, message end
    return make(spec, sources, options)
  end
  local rock
  rock, message = described(spec, options)
  if not rock then return nil, message end
  return take(rock, dir .. "/lua")
end

---A rockspec, whose sources are got.
---@async
---@param path string
---@param options ggen.RockOptions
---@return ggen.Rock?
---@return string? message
function M.of_rockspec(path, options)
  local spec, message = child.ask({ what = "rockspec", path = path })
  message = message or rockspec.problem(spec, options.allow_build)
  if message then return nil, message end
  local into = options.work .. "/sources"
  fs.mkdir(into)
  local rock
  path, message = settle(spec, options)
  if not path then return nil, message end
  rock, message = luarocks.get_sources(path, into)
  if not rock then return nil, message end
  return M.of_file(rock, options)
end

-- The rockspec of a directory: the newest, and one with a number before one of "scm".
local function choose_rockspec(dir)
  local entries, message = fs.list(dir)
  if not entries then return nil, message end
  local versions, by_version = {}, {}
  for _, entry in ipairs(entries) do
    local version = entry.name:match("%-([%w%.]+%-%d+)%.rockspec$")
    if version then
      versions[#versions + 1], by_version[version] = version, dir .. "/" .. entry.name
    end
  end
  local compare = require("ggen.plugin.rock_version").compare
  table.sort(versions, function(a, b)
    local first, second = a:find("^%d") ~= nil, b:find("^%d") ~= nil
    if first ~= second then return first end
    return compare(a, b) > 0
  end)
  if #versions == 0 then
    return nil, "there is no NAME-VERSION.rockspec (ggen-lua plugin new makes one)"
  end
  return by_version[versions[1]]
end

---A directory with a rockspec and the sources that it speaks of.
---@async
---@param dir string
---@param options ggen.RockOptions
---@return ggen.Rock?
---@return string? message
function M.of_directory(dir, options)
  local path, message = choose_rockspec(dir)
  if not path then return nil, message end
  local spec
  spec, message = child.ask({ what = "rockspec", path = path })
  if not spec then return nil, ("%s: %s"):format(path:match("[^/]*$"), message) end
  message = rockspec.problem(spec, options.allow_build)
  if message then return nil, message end
  return make(spec, dir, options)
end

---A git repository.
---@async
---@param url string
---@param ref string? a branch, tag or commit; nil: what the repository shows first
---@param options ggen.RockOptions
---@return ggen.Rock? rock its source ends with the commit
---@return string? message
function M.of_git(url, ref, options)
  local dir = options.work .. "/git"
  local function git(...)
    local result, message = process.run({ "git", ... }, { timeout = GIT_TIME })
    if not result then return nil, message end
    if result.code ~= 0 then return nil, process.reason(result) end
    return result.stdout:gsub("%s+$", "")
  end
  local ok, message = git("clone", "--quiet", "--no-checkout", "--template=", "--", url, dir)
  if not ok then return nil, message end
  local commit
  for _, name in ipairs(ref and { ref, "origin/" .. ref } or { "HEAD" }) do
    commit = commit or git("-C", dir, "rev-parse", "--verify", "--quiet", "--end-of-options",
      name .. "^{commit}")
  end
  if not commit then return nil, ("it has no branch, tag or commit %q"):format(ref or "HEAD") end
  ok, message = git("-C", dir, "checkout", "--quiet", "--detach", commit)
  if not ok then return nil, message end
  fs.remove(dir .. "/.git", { recursive = true })
  local rock
  rock, message = M.of_directory(dir, options)
  if not rock then return nil, message end
  rock.source = ("git+%s%s#%s"):format(url, ref and ref ~= commit and "?ref=" .. ref or "", commit)
  return rock
end

---Reads what the plugin of a rock says of itself, in a process of its own, and says what is wrong.
---@async
---@param rock ggen.Rock
---@param search_path string
---@param dir string of the project
---@return string? problem
function M.read_plugin(rock, search_path, dir)
  local main = require("ggen.plugin.lock").main_file({ name = rock.plugin, files = rock.files })
  local kind, name = rock.plugin:match("^(%l+)%.(.+)$")
  local manifest, message = child.ask({ what = "plugin", name = rock.plugin, dir = dir,
    path = rock.share .. "/" .. main, share = rock.share, search_path = search_path })
  if not manifest then return message end
  if manifest.refused then return manifest.refused end
  if manifest.kind ~= kind then
    return ("it says that its kind is %q, and its rock is named %s"):format(manifest.kind,
      rock.rock)
  end
  if manifest.name ~= name then
    return ("it says that its name is %q, and its rock is named %s"):format(manifest.name,
      rock.rock)
  end
  rock.manifest = manifest
end

return M
