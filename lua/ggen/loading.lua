-- The load that is going on, for those that behave differently meanwhile: what is asked of the
-- world is recorded, because the result of loading is remembered as long as the answers are the
-- same (snapshot.lua). Public as ggen.loading().
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local M = {}

---@class ggen.Loading
---@field dir string absolute directory of the file that is being read: the base of relative paths
---@field package _inputs userdata
local Loading = { __name = "ggen.Loading" }
Loading.__index = Loading

---Lists files as std.glob does; the listing becomes an input of the configuration.
---@param root string absolute
---@param patterns string|string[]
---@return string[]? paths relative to the root, sorted
---@return string? message
function Loading:files(root, patterns) return self._inputs:files(root, patterns) end

local function absolute(self, path)
  return path:sub(1, 1) == "/" and path or self.dir .. "/" .. path
end

---Says that what a file says is known: read now, or before.
---@param path string absolute
function M.note_read(path)
  if M.files_read then M.files_read[path] = true end
end

---The bytes of a file, which becomes an input of the configuration.
---@param path string relative to dir, or absolute
---@return string? bytes, string? message, string? kind
function Loading:read(path)
  path = absolute(self, path)
  M.note_read(path)
  return self._inputs:read(path)
end

---Whether there is something of that name; the answer becomes an input of the configuration.
---@param path string relative to dir, or absolute
---@return boolean
function Loading:exists(path) return self._inputs:exists(absolute(self, path)) end

---What the text of a file stands for; what is wrong comes as find() of a workspaces plugin gives
---it on.
---@param path string relative to dir, or absolute
---@param decode (fun(bytes: string): any?, string?)? its message may begin with "line N, ...";
---without it the value is the text
---@return any? value
---@return string bytes of the file, or the message
---@return string? file the path, when something is wrong
---@return integer? line
function Loading:decode(path, decode)
  local bytes, message = self:read(path)
  if not bytes then
    return nil, ("cannot read %s: %s"):format(path, message:match(": ([^:]+)$") or message), path
  end
  if not decode then return bytes, bytes end
  local value
  value, message = decode(bytes)
  if value ~= nil then return value, bytes end
  local line, text = message:match("^line (%d+), (.*)$")
  return nil, text or message, path, tonumber(line)
end

---The directories in dir that patterns name ("packages/*", "!packages/old") and that have a file of
---a name, in the order of their paths. `node_modules` and names that begin with a dot are left out.
---@param patterns string[]
---@param file string as "package.json"
---@return string[]? directories relative to dir, without links
---@return string? message
---@return string? pattern the one that is wrong
function Loading:directories_with(patterns, file)
  return require("ggen.directories").list(self.dir, patterns, file)
end

---@type table<string, table>? the models of the make.toml that were read so far, by path
M.models = nil

---@type table<string, integer>? how many files of each kind were parsed, while a load is going on
M.parsed = nil

---A file was parsed.
---@param kind string "pipeline.lua"
function M.count(kind)
  if M.parsed then M.parsed[kind] = (M.parsed[kind] or 0) + 1 end
end

---@type boolean? tasks that have a quicker form are that form (run --fast)
M.fast = nil

---@type "default"|"strict"|nil what stands above what a make.toml says of `compat`
M.compat = nil

---@type boolean? somebody wants to know what the files say that has no effect
M.notes = nil

---@type table<string, true>? what has been read since somebody has put an empty one here, by path
M.files_read = nil

---@type fun(who: string?)? says who has the limit of loading from here on; set by load.lua
M.watch = nil

---@type userdata? what was asked so far, while a load is going on
M.inputs = nil

---@return ggen.Loading? loading nil unless a pipeline is being loaded
function M.current()
  if not M.inputs then return nil end
  local dir = require("ggen.dsl").current_dir or fs.cwd()
  return setmetatable({ dir = dir, _inputs = M.inputs }, Loading)
end

---Whether there is something of that name.
---@param path string absolute
---@return boolean
function M.exists(path)
  if M.inputs then return M.inputs:exists(path) end
  return fs.stat(path) ~= nil
end

---Names of the directories in a directory that fit a pattern.
---@param dir string absolute
---@param pattern string
---@return string[]? names, string? message
function M.directories(dir, pattern) return M.inputs:directories(dir, pattern) end

---Paths of the files below a directory that fit patterns.
---@param root string absolute
---@param patterns string[]
---@return string[]? paths, string? message
function M.files(root, patterns) return M.inputs:files(root, patterns) end

---Where a path leads to when all links are followed.
---@param path string absolute
---@return string? path, string? message, string? kind
function M.real_path(path)
  if M.inputs then return M.inputs:real_path(path) end
  return fs.realpath(path)
end

---The bytes of a file.
---@param path string absolute
---@return string? bytes, string? message, string? kind
function M.read(path)
  M.note_read(path)
  if M.inputs then return M.inputs:read(path) end
  return fs.read(path)
end

---Says that something was asked whose answer cannot be compared later.
---@param reason string "it uses ..."
function M.refuse(reason)
  if M.inputs then M.inputs:refuse(reason) end
end

return M
