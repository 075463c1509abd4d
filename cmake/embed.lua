-- Build step: compiles the Lua sources named in OUT/sources.txt to one blob of bytecode (blob.bin),
-- an assembler file that includes it (blob.S) and a sorted table of module names (table.cpp).
-- Run by plain luajit: luajit embed.lua SOURCE_DIR OUT_DIR ARGPARSE [PAGE]
-- where PAGE is the page of `perf html` as web/build.mjs makes it.
-- SPDX-License-Identifier: MIT
local source_dir, out_dir, argparse, page = arg[1], arg[2], arg[3], arg[4]

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

local function write(path, bytes)
  local file = assert(io.open(path, "wb"))
  assert(file:write(bytes))
  file:close()
end

-- lua/ggen/run.lua -> ggen.run; stdlib/ggen/std/init.lua -> ggen.std;
-- plugins/cache/lru.lua -> ggen.plugins.cache.lru
local function module_name(path)
  local name = path:gsub("%.lua$", ""):gsub("^lua/", ""):gsub("^stdlib/", "")
    :gsub("^plugins/", "ggen/plugins/"):gsub("/init$", ""):gsub("/", ".")
  return name
end

local modules = { { name = "argparse", path = argparse, chunk = "@ggen:argparse.lua" } }
if page then
  modules[2] = { name = "ggen.perf.page", path = page, chunk = "@ggen:perf/page.lua" }
end
for path in read(out_dir .. "/sources.txt"):gmatch("[^\n]+") do
  modules[#modules + 1] = {
    name = module_name(path), path = source_dir .. "/" .. path, chunk = "@ggen:" .. path,
  }
  -- A folder's init.lua is also a module of that name: ggen.commands.init is a command.
  local parent = path:match("^lua/(.*)/init%.lua$")
  if parent then
    modules[#modules + 1] = {
      name = parent:gsub("/", ".") .. ".init", path = source_dir .. "/" .. path,
      chunk = "@ggen:" .. path,
    }
  end
end
table.sort(modules, function(a, b) return a.name < b.name end)

local blob, rows, offset = {}, {}, 0
for _, module in ipairs(modules) do
  local code = read(module.path):gsub("^#[^\n]*", "")
  local chunk, message = loadstring(code, module.chunk)
  if not chunk then
    io.stderr:write(message, "\n")
    os.exit(1)
  end
  local bytecode = string.dump(chunk, false)
  blob[#blob + 1] = bytecode
  rows[#rows + 1] = ('    {"%s", %d, %d},'):format(module.name, offset, #bytecode)
  offset = offset + #bytecode
end

write(out_dir .. "/blob.bin", table.concat(blob))
write(out_dir .. "/blob.S", ([[
    .section .rodata
    .global ggen_embedded_blob
    .balign 16
ggen_embedded_blob:
    .incbin "%s/blob.bin"
    .section .note.GNU-stack,"",@progbits
]]):format(out_dir))
write(out_dir .. "/table.cpp", ([[
// Made by cmake/embed.lua.
#include "lua/embedded.h"

extern "C" const char ggen_embedded_blob[];

namespace ggen::lua {

static constexpr EmbeddedModule kModules[] = {
%s
};

std::span<const EmbeddedModule> embedded_modules() { return kModules; }
const char* embedded_bytes() { return ggen_embedded_blob; }

}  // namespace ggen::lua
]]):format(table.concat(rows, "\n")))
