-- Declares the tasks that build a tree of C files: one for each file, one for each library and
-- program, and, for a Debian source package, its download, check and unpacking. Knows no
-- particular program; what is compiled is named in pipeline.lua, as upstream's Makefile names it,
-- because loading a pipeline must not depend on what a task has downloaded.
-- Copy this file and apt-source.sh beside a pipeline.lua of your own.
-- SPDX-License-Identifier: MIT

---@class csource.Spec
---@field package string? Debian source package to download; without it the files are here already
---@field dir string? directory of the C files: in the package, or relative to pipeline.lua
---@field cflags string? for every file
---@field flags table<string, string>? more, for single files
---@field needs string[]? tasks that make headers in build/ before anything is compiled

---@class csource.Tree
---@field package p ggen.Pipeline
---@field package spec csource.Spec
---@field package dir string
---@field package needs string[]
local Tree = {}
Tree.__index = Tree

local DOWNLOAD, SOURCE = "build/download", "build/source"

-- The .dsc came with a digest that apt has checked against the signed index of the archive.
local CHECK = "cd " .. DOWNLOAD .. " && "
  .. [[sed -n '/^Checksums-Sha256:/,/^[^ ]/s/^ \([0-9a-f]*\) [0-9]* /\1  /p' *.dsc]]
  .. " | sha256sum --check --strict"

local function declare_package(p, package)
  p:task "fetch" {
    desc = "Download the source package " .. package,
    run = "sh apt-source.sh " .. package .. " " .. DOWNLOAD,
    inputs = { "apt-source.sh" },
    outputs = { DOWNLOAD },
    pass_env = { "http_proxy", "https_proxy", "no_proxy" },
    cache = false, -- the archive may have a newer one; the script keeps what is here
    tags = { "network" },
  }
  p:task "verify" {
    desc = "Compare the downloaded files with the SHA-256 in the .dsc",
    needs = { "fetch" },
    run = CHECK,
    inputs = { DOWNLOAD .. "/*" },
  }
  p:task "unpack" {
    desc = "Unpack the sources and apply Debian's patches",
    needs = { "verify" },
    -- Without --no-check gpgv looks for the maintainer's key, which few machines have.
    run = ("rm -rf %s && dpkg-source -q --no-check --extract %s/*.dsc %s"):format(
      SOURCE, DOWNLOAD, SOURCE),
    inputs = { DOWNLOAD .. "/*" },
    outputs = { SOURCE },
  }
end

---@param p ggen.Pipeline
---@param spec csource.Spec
---@return csource.Tree
local function new(p, spec)
  local needs = { spec.package and "unpack" or nil }
  for _, name in ipairs(spec.needs or {}) do needs[#needs + 1] = name end
  local dir = spec.dir or "."
  if spec.package then
    declare_package(p, spec.package)
    dir = SOURCE .. (spec.dir and "/" .. spec.dir or "")
  end
  return setmetatable({ p = p, spec = spec, dir = dir, needs = needs }, Tree)
end

---One task for each C file; returns what the next step needs of them.
---@param files string[] names without ".c"
---@return string[] tasks
---@return string[] objects
function Tree:compile(files)
  local tasks, objects = {}, {}
  for i, name in ipairs(files) do
    local source = ("%s/%s.c"):format(self.dir, name)
    local object = ("build/%s.o"):format(name:match("[^/]+$"))
    local flags = { "-O2", self.spec.cflags or "", "-Ibuild", "-I" .. self.dir }
    flags[#flags + 1] = self.spec.flags and self.spec.flags[name]
    tasks[i], objects[i] = object:match("[^/]+$"), object
    self.p:task(tasks[i]) {
      desc = "Compile " .. name .. ".c",
      needs = self.needs,
      run = ("gcc %s -c %s -o %s"):format(table.concat(flags, " "), source, object),
      inputs = { source, self.dir .. "/**/*.h", "build/*.h" },
      outputs = { object },
      tags = { "compile" },
    }
  end
  return tasks, objects
end

---A static library of C files: the task lib<name>.a.
---@param name string
---@param files string[]
function Tree:library(name, files)
  local tasks, objects = self:compile(files)
  local archive = ("build/lib%s.a"):format(name)
  self.p:task("lib" .. name .. ".a") {
    desc = ("Put %d objects into an archive"):format(#objects),
    needs = tasks,
    run = ("rm -f %s && ar rcsD %s %s"):format(archive, archive, table.concat(objects, " ")),
    inputs = objects,
    outputs = { archive },
  }
end

---A program of C files and of libraries declared before: the task <name>.
---@param name string
---@param files string[]
---@param options { libs: string[]?, ldflags: string? }?
function Tree:program(name, files, options)
  options = options or {}
  local needs, inputs = self:compile(files)
  for _, library in ipairs(options.libs or {}) do
    needs[#needs + 1] = ("lib%s.a"):format(library)
    inputs[#inputs + 1] = ("build/lib%s.a"):format(library)
  end
  self.p:task(name) {
    desc = "Link " .. name,
    needs = needs,
    run = ("gcc -o build/%s %s %s"):format(name, table.concat(inputs, " "), options.ldflags or ""),
    inputs = inputs,
    outputs = { "build/" .. name },
    pool = "link",
  }
end

return new
