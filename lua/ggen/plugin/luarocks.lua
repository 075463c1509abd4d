-- LuaRocks as we call it: which versions a server has, getting a rock, unpacking one, installing
-- sources into a tree. Whatever it unpacks or installs was looked at before.
-- SPDX-License-Identifier: MIT
local archive = require("ggen.plugin.archive")
local fault = require("ggen.fault")
local fs = require("ggen.core.fs")
local process = require("ggen.plugin.process")

local M = {}

local TIMEOUT, CPU = 120, 60 -- seconds
local BLOCKS = archive.MOST_BYTES / 512 -- of ulimit -f

-- Where it runs there may be a .luarocks of the rock, whose configuration names programs: a project
-- that can be nowhere is the one that it takes its configuration from.
local LIMITS = ('ulimit -f %d; ulimit -t %d; ulimit -c 0; exec luarocks --lua-version=5.1'
  .. ' --project-tree=/dev/null/no-project/tree "$@"'):format(BLOCKS, CPU)

-- Runs it; nil and what it said when it failed.
local function call(words, options)
  local argv = { "sh", "-c", LIMITS, "luarocks" }
  for _, word in ipairs(words) do argv[#argv + 1] = word end
  local result, message = process.run(argv, { cwd = options and options.cwd,
    timeout = TIMEOUT, env = { LUAROCKS_CONFIG = os.getenv("LUAROCKS_CONFIG") } })
  if not result then
    fault.raise(("plugins are installed by LuaRocks, and it is not here: %s (apt-get install"
      .. " luarocks)"):format(message))
  end
  if result.code ~= 0 then return nil, process.reason(result), result end
  return result
end

---@class ggen.RockServer
---@field url string? of a server; nil with the others
---@field dir string? a directory that holds rocks
---@field configured boolean? those that the user's LuaRocks knows

---@param text string
---@param dir string absolute: what relative paths begin at
---@return ggen.RockServer raises a fault
function M.server(text, dir)
  if text:find("^https?://") then return { url = (text:gsub("/+$", "")) } end
  local path = text:gsub("^file://", "")
  if path:find("^%a[%w+.-]*://") then
    fault.raise(("--server %s: http, https, or a directory expected"):format(text))
  end
  if path:sub(1, 1) ~= "/" then path = dir .. "/" .. path end
  local real = fs.realpath(path)
  local info = real and fs.stat(real)
  if not info or info.type ~= "directory" then
    fault.raise(("--server %s: there is no such directory"):format(text))
  end
  return { dir = real }
end

---@param server ggen.RockServer
---@return string
function M.shown(server) return server.url or server.dir or "the servers of LuaRocks" end

-- "NAME-VERSION.ARCH.rock" or "NAME-VERSION.rockspec"
local function parts_of(file, rock)
  local rest = file:sub(1, #rock + 1) == rock .. "-" and file:sub(#rock + 2)
  if not rest then return nil end
  local version, arch = rest:match("^([%w%.]+%-%d+)%.([%w_%-]+)%.rock$")
  if version then return version, arch end
  return rest:match("^([%w%.]+%-%d+)%.rockspec$"), "rockspec"
end

---The rocks that a directory has.
---@param dir string
---@return table<string, true>
function M.names(dir)
  local names = {}
  for _, entry in ipairs(fs.list(dir) or {}) do
    local name = entry.name:match("^(.+)%-[%w%.]+%-%d+%.[%w_%-]+%.rock$")
      or entry.name:match("^(.+)%-[%w%.]+%-%d+%.rockspec$")
    if name then names[name] = true end
  end
  return names
end

-- What is best for us: files that need no more than unpacking, then sources that come with it.
local BEST = { all = 1, src = 2, rockspec = 3 }

---@class ggen.RockFound
---@field version string
---@field arch string "src", "all", "rockspec", or the machine that it is compiled for
---@field server ggen.RockServer
---@field file string its name

local function add(found, version, arch, server, rock)
  found[#found + 1] = { version = version, arch = arch, server = server,
    file = ("%s-%s.%s"):format(rock, version, arch == "rockspec" and arch or arch .. ".rock") }
end

---All that a server has of a rock.
---@async
---@param rock string
---@param server ggen.RockServer
---@return ggen.RockFound[]? found
---@return string? message
function M.find(rock, server)
  local found = {}
  if server.dir then
    local names, message = fs.list(server.dir)
    if not names then return nil, message end
    for _, entry in ipairs(names) do
      local version, arch = parts_of(entry.name, rock)
      if version then add(found, version, arch, server, rock) end
    end
    return found
  end
  local words = { "search", "--porcelain", "--all", rock }
  if server.url then table.insert(words, 1, "--only-server=" .. server.url) end
  local result, message = call(words)
  if not result then return nil, message end
  for line in result.stdout:gmatch("[^\n]+") do
    local name, version, arch, url = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)")
    if name == rock and arch ~= "installed" then
      add(found, version, arch, server.url and server or { url = (url:gsub("/+$", "")) }, rock)
    end
  end
  if #found == 0 and result.stderr:find("Failed searching manifest", 1, true) then
    return nil, result.stderr:match("Failed searching manifest: ([^\n]*)")
  end
  return found
end

---The best file of a version.
---@param found ggen.RockFound[]
---@param version string
---@return ggen.RockFound?
function M.best(found, version)
  local best
  for _, one in ipairs(found) do
    local better = not best or (BEST[one.arch] or 9) < (BEST[best.arch] or 9)
    if one.version == version and better then best = one end
  end
  return best
end

local function copy(from, into)
  local bytes, message = fs.read(from, archive.MOST_BYTES)
  if not bytes then return nil, message end
  return fs.write(into, bytes)
end

---Gets a rock into a directory.
---@async
---@param found ggen.RockFound
---@param rock string
---@param into string an empty directory
---@return string? path
---@return string? message
function M.get(found, rock, into)
  local path = into .. "/" .. found.file
  if found.server.dir then
    local ok, message = copy(found.server.dir .. "/" .. found.file, path)
    return ok and path or nil, message
  end
  local words = { "download", "--arch=" .. found.arch, "--only-server=" .. found.server.url, rock,
    found.version }
  if found.arch == "rockspec" or found.arch == "src" then
    words[2] = found.arch == "src" and "--source" or "--rockspec"
  end
  local result, message = call(words, { cwd = into })
  if not result then return nil, message end
  if not fs.stat(path) then return nil, "LuaRocks got another file than " .. found.file end
  return path
end

---Makes a rock of sources out of a rockspec: gets what it names, without unpacking it.
---@async
---@param rockspec string path
---@param into string directory
---@return string? path of the rock
---@return string? message
function M.get_sources(rockspec, into)
  local result, message = call({ "pack", rockspec }, { cwd = into })
  if not result then return nil, message end
  for _, entry in ipairs(fs.list(into) or {}) do
    if entry.name:find("%.src%.rock$") then return into .. "/" .. entry.name end
  end
  return nil, "LuaRocks made no rock of it"
end

---Unpacks a rock that was looked at.
---@async
---@param rock string path
---@param into string an empty directory
---@return string? dir with its rockspec
---@return string? sources directory, when it has sources
function M.unpack(rock, into)
  local result, message = call({ "unpack", rock }, { cwd = into })
  if not result then return nil, message end
  local dir = into .. "/" .. rock:match("([^/]*)$"):gsub("%.[%w_%-]+%.rock$", "")
  local inner = result.stdout:match("enter directory%s+(%S+)%s+and")
  return dir, inner and into .. "/" .. inner
end

---Installs sources into a tree of their own.
---@async
---@param rockspec string path
---@param dir string where the sources are
---@param tree string
---@param allow_build boolean? it may run what the rockspec says
---@return boolean? done
---@return string? message
function M.make(rockspec, dir, tree, allow_build)
  local words = { "make", "--tree", tree, "--deps-mode", "none", "--no-doc", "--no-manifest",
    rockspec }
  if not allow_build then
    words[#words + 1], words[#words + 2] = "CC=false", "LD=false"
  end
  local result, message = call(words, { cwd = dir })
  return result and true, message
end

return M
