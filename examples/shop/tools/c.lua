-- How this project compiles C: one task for each file. Does not know what is linked of them.
-- SPDX-License-Identifier: MIT
local M = {}

M.cc = "gcc -std=c11 -D_POSIX_C_SOURCE=200809L -g -Wall -Wextra -Wpedantic -Wshadow"

---Declares the task "<name>.o" for each C file; the object lies in the workspace's build/.
---@param w ggen.Pipeline the workspace
---@param files string[] paths of C files
---@param include string directories of headers, as gcc takes them: "-Iinclude -I../x"
---@param inputs string[] the workspace's own headers
---@return string[] tasks
---@return string[] objects
function M.compile(w, files, include, inputs)
  local tasks, objects = {}, {}
  for i, source in ipairs(files) do
    local name = source:match("([^/]+)%.c$") .. ".o"
    local object = "build/" .. name
    tasks[i], objects[i] = name, object
    w:task(name) {
      desc = "Compile " .. source,
      needs = { "^build" },
      run = {
        { "mkdir", "-p", "build" },
        ("%s -O2 %s -c %s -o %s"):format(M.cc, include, source, object),
      },
      inputs = { source, unpack(inputs) },
      outputs = { object },
      tags = { "compile" },
    }
  end
  return tasks, objects
end

---Declares the task "build": a program of the files in src/ and of the store's library.
---@param w ggen.Pipeline
---@param program string
---@param files string[]
function M.program(w, program, files)
  local tasks, objects = M.compile(w, files, "-Isrc -I../store/build/include", { "src/*.h" })
  tasks[#tasks + 1] = "^build"
  w:task "build" {
    desc = "Link the program " .. program,
    needs = tasks,
    run = ("gcc -o build/%s %s ../store/build/libstore.a"):format(
      program, table.concat(objects, " ")),
    inputs = objects,
    outputs = { "build/" .. program },
    pool = "link",
  }
end

return M
