-- ggen-lua init: a pipeline.lua to begin with, made for what lies in the directory.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")

local M = {
  summary = "Write a pipeline.lua to begin with",
  description = "Writes a pipeline.lua that fits what is in the directory (CMake, make, npm,"
    .. " Cargo, Go). "
    .. "An existing file is never overwritten.",
}

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
      tasks, because = kind.tasks, kind.file
      break
    end
  end
  local name = (dir:match("([^/]+)$") or "project"):gsub("[^%w_.-]", "-"):gsub("^%-+", "")
  local ok, message = fs.write(path, render(name ~= "" and name or "project", tasks))
  if not ok then fault.raise("cannot write pipeline.lua: " .. message) end
  io.write("Wrote pipeline.lua", because and " for the " .. because .. " found here" or "",
    ". Next:\n",
    "  ggen-lua list\n  ggen-lua run\n")
  return 0
end

return M
