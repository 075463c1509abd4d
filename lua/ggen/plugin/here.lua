-- What the subcommands that change plugins share: the project, the servers, the options.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local fault = require("ggen.fault")
local locate = require("ggen.locate")

local M = {}

-- The nearest directory with a pipeline that has a lock, for a pipeline that does not load (a
-- plugin that finds workspaces may be what is to be installed).
local function with_lock(dir)
  while dir do
    if require("ggen.core.fs").stat(require("ggen.plugin.lock").path(dir)) then return dir end
    local above = dir:match("^(.*)/[^/]+$")
    dir = above and above ~= "" and locate.find(above) or nil
  end
end

---@param args table
---@return string dir absolute directory of the root's pipeline.lua; raises a fault without one
function M.project(args)
  local start = cli.directory(args)
  local found = locate.find(start)
  if not found then
    fault.raise(("no pipeline.lua or make.toml in %s or a directory above: plugins belong to a"
      .. " project (to make one: ggen-lua init)"):format(start))
  end
  -- A file above is of this project when it lists this one as a workspace; there mostly is none.
  local above = found:match("^(.*)/[^/]+$")
  if not above or not locate.find(above ~= "" and above or "/") then return found end
  local ok, project = pcall(require("ggen.session").open, args, {})
  return ok and project.dir or with_lock(found) or found
end

---@param parser table
function M.server_options(parser)
  parser:option("--server", "Where rocks come from: a URL, or a directory that holds them; several"
    .. " times for several. Also GGEN_ROCKS_SERVER; otherwise those of LuaRocks."):count("*")
    :argname("URL")
  parser:flag("--offline", "Use no network: only directories, and rocks that were got before. Also"
    .. " GGEN_OFFLINE=1.")
end

---@param parser table
function M.build_options(parser)
  parser:flag("--allow-build", "Let rocks run programs while they are built (C, make, cmake,"
    .. " commands). They run with your rights.")
end

local function set(name)
  local value = os.getenv(name)
  return value ~= nil and value ~= "" and value ~= "0" and value or nil
end

---@param args table
---@param dir string of the project
---@return ggen.Fetching
function M.fetching(args, dir)
  local luarocks, words = require("ggen.plugin.luarocks"), args.server or {}
  local cwd = cli.directory(args)
  if #words == 0 and set("GGEN_ROCKS_SERVER") then
    for word in set("GGEN_ROCKS_SERVER"):gmatch("%S+") do words[#words + 1] = word end
  end
  local servers = {}
  for i, word in ipairs(words) do servers[i] = luarocks.server(word, cwd) end
  local cache = require("ggen.core.cache").default_path()
  return { dir = dir, servers = servers, offline = args.offline or set("GGEN_OFFLINE") ~= nil,
    allow_build = args.allow_build, cache = cache and cache .. "/rocks" }
end

---@param document table
function M.print_json(document)
  local json = require("ggen.core.json")
  io.write(fault.check(json.encode(document, { indent = 2, invalid_utf8 = "replace" })), "\n")
end

return M
