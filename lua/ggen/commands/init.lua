-- ggen-lua init: a pipeline.lua to begin with, made for what lies in the directory.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")

local M = {
  summary = "Write a pipeline.lua to begin with",
  description = "Writes a pipeline.lua that fits what is in the directory (CMake, make, npm,"
    .. " Cargo, Go). "
    .. "With --from make.toml, one that does what the make.toml does. "
    .. "An existing file is never overwritten.",
}

function M.configure(parser)
  parser:option("--from", "A make.toml to write the pipeline.lua from."):argname("FILE")
end

-- What a file in the directory tells about the project, most telling first.
local KINDS = {
  { file = "CMakeLists.txt", tasks = {
    { "configure", 'run = "cmake -B build"', 'outputs = { "build/CMakeCache.txt" }' },
    { "build", 'needs = { "configure" }', 'run = "cmake --build build"' },
    { "test", 'needs = { "build" }', 'run = "ctest --test-dir build --output-on-failure"' },
  } },
  { file = "Cargo.toml", tasks = {
    { "build", 'run = "cargo build"' }, { "test", 'needs = { "build" }', 'run = "cargo test"' },
    { "lint", 'run = "cargo clippy"' },
  } },
  { file = "package.json", tasks = {
    { "install", 'run = "npm ci"', 'inputs = { "package.json", "package-lock.json" }',
      'outputs = { "node_modules" }' },
    { "build", 'needs = { "install" }', 'run = "npm run build"' },
    { "test", 'needs = { "install" }', 'run = "npm test"' },
  } },
  { file = "go.mod", tasks = {
    { "build", 'run = "go build ./..."' }, { "test", 'run = "go test ./..."' }, { "vet",
      'run = "go vet ./..."' },
  } },
  { file = "Makefile", tasks = {
    { "build", 'run = "make"' }, { "test", 'needs = { "build" }', 'run = "make test"' },
  } },
}

local PLAIN = {
  { "hello", 'desc = "Say hello"', 'run = "echo hello from ggen-lua"' },
  { "check", 'desc = "Runs after hello"', 'needs = { "hello" }', 'run = "echo all is well"' },
}

local function render(name, tasks)
  local parts = { 'local ggen = require "ggen"\n\nlocal p = ggen.pipeline "' .. name .. '"\n' }
  for _, task in ipairs(tasks) do
    parts[#parts + 1] = ('\np:task "%s" {\n  %s,\n}\n'):format(task[1], table.concat(task, ",\n  ",
      2))
  end
  parts[#parts + 1] = "\nreturn p\n"
  return table.concat(parts)
end

-- The text of a pipeline.lua that does what a make.toml does.
local function from_make_toml(path, shown, name, dir)
  local bytes, message = require("ggen.core.fs").read(path)
  if not bytes then
    message = message:match(": ([^:]+)$") or message -- the system's words without the path
    fault.raise(("cannot read %s: %s"):format(shown, message))
  end
  local model = require("ggen.make_toml.read").read(bytes, shown, { raw = true })
  local workspaces = require("ggen.make_toml.write_workspaces")
  local found = workspaces.has(model) and workspaces.survey(model, dir) or nil
  return require("ggen.make_toml.write").write(model, name, found)
end

---@param args table
---@return integer
function M.run(args)
  local fs = require("ggen.core.fs")
  local dir = require("ggen.cli").directory(args)
  local path = dir .. "/pipeline.lua"
  if fs.stat(path) then fault.raise("pipeline.lua is here already; init does not touch it") end
  local tasks, because = PLAIN, nil
  for _, kind in ipairs(KINDS) do
    if fs.stat(dir .. "/" .. kind.file) then
      tasks, because = kind.tasks, " for the " .. kind.file .. " found here"
      break
    end
  end
  local name = (dir:match("([^/]+)$") or "project"):gsub("[^%w_.-]", "-"):gsub("^%-+", "")
  if name == "" then name = "project" end
  local text
  if args.from then
    local from = args.from:sub(1, 1) == "/" and args.from or dir .. "/" .. args.from
    text, because = from_make_toml(from, args.from, name, dir), " from " .. args.from
  elseif fs.stat(dir .. "/make.toml") then
    fault.raise("there is a make.toml here, which runs as it is (ggen-lua list); to write a"
      .. " pipeline.lua from it: ggen-lua init --from make.toml")
  else
    text = render(name, tasks)
  end
  local ok, message = fs.write(path, text)
  if not ok then fault.raise("cannot write pipeline.lua: " .. message) end
  io.write("Wrote pipeline.lua", because or "", ". Next:\n",
    "  ggen-lua list\n  ggen-lua run\n")
  return 0
end

return M
