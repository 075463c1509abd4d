-- A project of its own in a directory of its own, and ggen-lua run in it as users do.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local output = require("ggen.core.output")
local process = require("ggen.core.process")

local M = {}

local BINARY = os.getenv("GGEN_LUA") or fs.executable()

---@class a_project.Project
---@field dir string
---@field root string the directory that it and its cache are in
local Project = {}
Project.__index = Project

---@param path string
---@param text string
function Project:write(path, text)
  local dir = path:match("^(.*)/")
  if dir then assert(fs.mkdir(self.dir .. "/" .. dir)) end
  assert(fs.write(self.dir .. "/" .. path, text))
end

---@param path string
---@return string? text
function Project:read(path) return (fs.read(self.dir .. "/" .. path)) end

---@param path string
---@return boolean
function Project:has(path) return fs.stat(self.dir .. "/" .. path) ~= nil end

---Runs `ggen-lua ...`. `env` is added to ours; on_output(stream, bytes, kill) is told what comes.
---@async
---@param argv string[]
---@param options { env: table?, on_output: function? }?
---@return { code: integer, out: string, err: string }
function Project:run(argv, options)
  options = options or {}
  local env = require("ggen.core.env").all()
  env.GGEN_CACHE_DIR = self.root .. "/cache" -- what other projects made is none of its results
  for name, value in pairs(options.env or {}) do env[name] = value end
  local parts, handle = { out = {}, err = {} }, nil
  local result = async.await(function(resume)
    handle = assert(process.run({ argv = { BINARY, unpack(argv) }, cwd = self.dir, env = env,
      output = output.callback(function(stream, bytes)
        table.insert(parts[stream], bytes)
        if options.on_output then
          options.on_output(stream, bytes, function(signal) handle:kill(signal) end)
        end
      end) }, resume))
    return handle
  end)
  return { code = result.code, out = table.concat(parts.out), err = table.concat(parts.err) }
end

---Calls fn with a project that has these files, and removes it.
---@param files table<string, string>
---@param fn fun(project: a_project.Project)
function M.with(files, fn)
  local root = assert(fs.make_temp_dir("ggen-project-"))
  local self = setmetatable({ root = root, dir = root .. "/p" }, Project)
  assert(fs.mkdir(self.dir))
  local ok, problem = pcall(function()
    for path, text in pairs(files) do self:write(path, text) end
    fn(self)
  end)
  assert(fs.remove(root, { recursive = true }))
  if not ok then error(problem, 0) end
end

return M
