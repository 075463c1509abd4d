-- Where a rock comes from, as the command line says it and as the lock keeps it: a server, a file,
-- a directory with sources, a git repository. Gets it from there.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local luarocks = require("ggen.plugin.luarocks")
local rock_version = require("ggen.plugin.rock_version")
local rocks = require("ggen.plugin.rock")
local rockspec = require("ggen.plugin.rockspec")
local sorted = require("ggen.sorted")

local M = {}

---@class ggen.Origin one of these
---@field rock string? of a server
---@field version string? of it; nil: the newest
---@field server ggen.RockServer? that it has to come from
---@field path string? of a rock, a rockspec, or a directory
---@field of_machine boolean? the lock has it as an absolute path
---@field git string? url
---@field ref string?

local function is_git(text)
  return text:find("^git%+") or text:find("^git://") or text:find("^git@[^/]+:")
    or text:find("^ssh://") or text:find("^%a[%w+.-]*://[^?#]*%.git[?#]") ~= nil
    or text:find("^%a[%w+.-]*://.*%.git$") ~= nil
end

-- ".../NAME-VERSION.ARCH.rock"
local function of_url(text)
  local server, rock, version = text:match("^(https?://.*)/([%w_%-%.]-)%-([%w%.]+%-%d+)%.[%w_%-]+"
    .. "%.rock$")
  if not server then
    server, rock, version = text:match("^(https?://.*)/([%w_%-%.]-)%-([%w%.]+%-%d+)%.rockspec$")
  end
  return server and { rock = rock, version = version, server = { url = server } }
end

---@param word string what somebody wants to add
---@param cwd string absolute: what paths begin at
---@return ggen.Origin raises a fault
function M.parse(word, cwd)
  if is_git(word) then
    local url, ref = word:match("^(.-)#(.+)$")
    url = (url or word):gsub("^git%+", ""):gsub("%?ref=.*$", "")
    if url:sub(1, 1) == "-" or (ref or ""):sub(1, 1) == "-" then
      fault.raise(("%s: this is no address of a git repository"):format(word))
    end
    return { git = url, ref = ref }
  end
  local from_url = of_url(word)
  if from_url then return from_url end
  if word:find("://", 1, true) then
    fault.raise(("%s: a git repository (git+https://...), a rock (https://.../NAME-VERSION.src"
      .. ".rock), or a name with --server URL expected"):format(word))
  end
  if word:find("/", 1, true) or word:find("%.rock$") or word:find("%.rockspec$") or word == "."
    or word == ".." then
    local path = fs.realpath(word:sub(1, 1) == "/" and word or cwd .. "/" .. word)
    if not path then fault.raise(("%s: there is no such file or directory"):format(word)) end
    return { path = path }
  end
  local name, version = word:match("^([^@]+)@(.+)$")
  name = name or word
  if not name:find("^[%w_%-%.]+$") or version and not version:find("^[%w%.]+%-?%d*$") then
    fault.raise(("%q is no plugin: a name (scheduler.lifo, ggen-scheduler-lifo@1.0.0), a path, a"
      .. " rock, or a git repository expected"):format(word))
  end
  -- Whoever means what lies here is not to get a stranger's rock of the same name.
  local info = not version and fs.stat(cwd .. "/" .. name)
  if info and info.type == "directory" then
    fault.raise(("%s is a directory here, and may be a rock of a server: ./%s is the one, and %s"
      .. " the other"):format(word, name, rockspec.plugin_of(name) or name .. "@VERSION"))
  end
  return { rock = rockspec.rock_of(name), version = version }
end

---@param path string absolute
---@param dir string of the project
---@return string source
local function source_of_path(path, dir)
  return "file:" .. (path:sub(1, #dir + 1) == dir .. "/" and path:sub(#dir + 2) or path)
end

---Where a rock of the lock came from.
---@param entry ggen.LockedRock
---@param dir string of the project
---@return ggen.Origin
function M.of_locked(entry, dir)
  local source = entry.source
  local url, commit = source:match("^git%+(.-)#(%x+)$")
  if url then
    local plain, ref = url:match("^(.-)%?ref=(.*)$")
    return { git = plain or url, ref = commit, branch = ref }
  end
  local path = source:match("^file:(.+)$")
  if path then
    local absolute = path:sub(1, 1) == "/"
    return { path = absolute and path or dir .. "/" .. path, of_machine = absolute }
  end
  local from_url = of_url(source)
  return { rock = entry.rock, version = entry.version, server = from_url and from_url.server }
end

---What is to be said of where a rock came from: a clone on another machine has no such path.
---@param source string as the lock has it
---@return string? note
function M.note(source)
  local git = source:find("^git%+file:") or source:find("^git%+/")
  if not git and not source:find("^file:/") then return nil end
  return "that is a path of this machine; others who clone the project "
    .. (git and "do not have it" or "need plugin sync --server")
end

---The server that a rock of the lock came from, for newer versions of it.
---@param entry ggen.LockedRock
---@param dir string of the project
---@return ggen.RockServer? server nil when it came from elsewhere, or that is gone
function M.server_of(entry, dir)
  local origin = M.of_locked(entry, dir)
  local path = origin.path and origin.path:match("^(.*)/[^/]*%.rock$")
  if path then return fs.stat(path) and { dir = path } or nil end
  return origin.server
end

---@class ggen.Fetching how rocks are got
---@field dir string absolute directory of the project
---@field servers ggen.RockServer[] that were named; empty: those of LuaRocks
---@field offline boolean?
---@field allow_build boolean?
---@field cache string? directory with rocks that were got before

local function servers_of(origin, how)
  if #how.servers > 0 then return how.servers end
  if how.offline then return { how.cache and { dir = how.cache } } end
  return { origin.server or { configured = true } }
end

-- All files of a rock on all servers; a server that does not answer is a fault.
local function find_all(origin, how)
  local all, names = {}, {}
  for _, server in ipairs(servers_of(origin, how)) do
    names[#names + 1] = luarocks.shown(server)
    if how.offline and not server.dir then
      fault.raise(("--offline: %s is asked over the network (--server DIR names a directory)")
        :format(luarocks.shown(server)))
    end
    local there = not server.dir or fs.stat(server.dir)
    local found, message = {}, nil
    if there then found, message = luarocks.find(origin.rock, server) end
    if not found then
      fault.raise(("%s %s: %s"):format(luarocks.shown(server), server.configured
        and "do not answer" or "does not answer", message))
    end
    for _, one in ipairs(found) do all[#all + 1] = one end
  end
  return all, table.concat(names, ", ")
end

local function need_of(origin)
  if origin.need then return origin.need end
  return origin.version and rock_version.need(("%s == %s"):format(origin.rock, origin.version))
end

local function wanted_text(origin)
  local parts = { origin.rock }
  for i, constraint in ipairs((need_of(origin) or { constraints = {} }).constraints) do
    parts[#parts + 1] = (i > 1 and ", " or " ") .. constraint.operator .. " " .. constraint.version
  end
  return table.concat(parts)
end

-- What may be meant by the name of a rock that is not there.
local function nearest(origin, how)
  local names = {}
  for _, server in ipairs(servers_of(origin, how)) do
    for name in sorted.pairs(server.dir and luarocks.names(server.dir) or {}) do
      local plugin = rockspec.plugin_of(name)
      names[plugin or name] = true
      if plugin and plugin:match("%.(.+)$") == origin.rock then
        return (" (did you mean %q?)"):format(plugin)
      end
    end
  end
  return require("ggen.suggest").hint(rockspec.plugin_of(origin.rock) or origin.rock, names)
end

-- The file of the newest version that fits.
local function choose(origin, how)
  local all, names = find_all(origin, how)
  local versions, seen = {}, {}
  for _, one in ipairs(all) do
    if not seen[one.version] then versions[#versions + 1] = one.version end
    seen[one.version] = true
  end
  local version = rock_version.newest(versions, need_of(origin))
  if version then return luarocks.best(all, version) end
  if #versions == 0 then
    fault.raise(("there is no rock %s on %s%s%s"):format(origin.rock, names,
      nearest(origin, how), how.offline
      and #how.servers == 0 and " (--offline: rocks that were got before; --server DIR names a"
      .. " directory with others)" or ""))
  end
  table.sort(versions, function(a, b) return rock_version.compare(a, b) > 0 end)
  fault.raise(("there is no %s on %s, which has: %s"):format(wanted_text(origin), names,
    table.concat(versions, ", ", 1, math.min(#versions, 10))))
end

-- Rocks that were got are kept: the next project, and a sync, need no network for them.
local function keep(path, how)
  if not how.cache then return end
  local bytes = fs.read(path, 64 * 1024 * 1024)
  if not bytes or not fs.mkdir(how.cache) then return end
  fs.write(how.cache .. "/" .. path:match("[^/]*$"), bytes)
end

local function from_server(origin, how, options)
  local found = choose(origin, how)
  local into = options.work .. "/got"
  fault.check(fs.mkdir(into))
  local path, message = luarocks.get(found, origin.rock, into)
  if not path then
    return nil, ("%s could not be got from %s: %s"):format(found.file,
      luarocks.shown(found.server), message)
  end
  local rock
  if found.arch == "rockspec" then
    if how.offline then return nil, found.file .. ": --offline, and its sources are elsewhere" end
    rock, message = rocks.of_rockspec(path, options)
  else
    rock, message = rocks.of_file(path, options)
  end
  if not rock then return nil, ("%s: %s"):format(found.file, message) end
  if rock.rock ~= origin.rock then
    return nil, ("%s is the rock %s"):format(found.file, rock.rock)
  end
  if found.server.url and found.arch ~= "rockspec" then keep(path, how) end
  rock.source = found.server.url and found.server.url .. "/" .. found.file
    or source_of_path(found.server.dir .. "/" .. found.file, how.dir)
  return rock
end

local function from_path(origin, how, options)
  local info = fs.stat(origin.path)
  if not info then
    return nil, "it is not there" .. (origin.of_machine and " (the lock has this path, of the"
      .. " machine where it was added; plugin sync --server DIR or URL gets the rock elsewhere)"
      or "")
  end
  local of = info.type == "directory" and rocks.of_directory
    or origin.path:find("%.rockspec$") and rocks.of_rockspec or rocks.of_file
  if how.offline and of == rocks.of_rockspec then return nil, "--offline, and its sources are"
    .. " elsewhere" end
  local rock, message = of(origin.path, options)
  if rock then rock.source = source_of_path(origin.path, how.dir) end
  return rock, message
end

local function is_here(url) return url:find("^file://") ~= nil or url:sub(1, 1) == "/" end

---@param origin ggen.Origin
---@return string
function M.shown(origin)
  return origin.git or origin.path or wanted_text(origin)
end

---Gets a rock, checked, and unpacked into a directory of its own.
---@async
---@param origin ggen.Origin
---@param how ggen.Fetching
---@param work string an empty directory
---@return ggen.Rock rock raises a fault
function M.fetch(origin, how, work)
  fault.check(fs.mkdir(work))
  local options = { work = work, allow_build = how.allow_build }
  local rock, message
  if origin.git then
    if how.offline and not is_here(origin.git) then message = "--offline, and it is elsewhere"
    else rock, message = rocks.of_git(origin.git, origin.ref, options) end
  elseif origin.path then
    rock, message = from_path(origin, how, options)
  else
    rock, message = from_server(origin, how, options)
  end
  if rock then return rock end
  if message:find(M.shown(origin), 1, true) == 1 or not (origin.git or origin.path) then
    fault.raise(message)
  end
  fault.raise(("%s: %s"):format(M.shown(origin), message))
end

return M
