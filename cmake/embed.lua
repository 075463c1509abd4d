-- Build step: compiles the Lua sources named in OUT/sources.txt to one blob of bytecode (blob.bin),
-- in which the modules that few runs need are deflated, an assembler file that includes it (blob.S)
-- and a sorted table of module names (table.cpp).
-- Run by plain luajit: luajit embed.lua SOURCE_DIR OUT_DIR LIBZ ARGPARSE [PAGE]
-- where LIBZ is zlib's shared library and PAGE the page of `perf html` as web/build.mjs makes it.
-- SPDX-License-Identifier: MIT
local source_dir, out_dir, libz, argparse, page = arg[1], arg[2], arg[3], arg[4], arg[5]

local ffi = require("ffi")
ffi.cdef [[
  unsigned long compressBound(unsigned long size);
  int compress2(char* out, unsigned long* out_size,
                const char* bytes, unsigned long size, int level);
]]
local zlib = ffi.load(libz)

-- Kept as they are, so that the loader has nothing to inflate: what lies in lua/ggen itself, and of
-- the rest these, which a start, a run with nothing to do, the first run of a project, or one with
-- an installed plugin loads.
-- tests/golden/embedded.case fails when there is one more of them.
local AS_IT_IS = {}
for _, name in ipairs({
  "argparse", "ggen.commands.list", "ggen.commands.run", "ggen.commands.version",
  "ggen.isolation.api", "ggen.isolation.globals", "ggen.isolation.load", "ggen.isolation.mark",
  "ggen.isolation.membrane", "ggen.isolation.modules", "ggen.isolation.permissions",
  "ggen.isolation.say", "ggen.isolation.setting_up", "ggen.isolation.views",
  "ggen.plugin.installed", "ggen.plugin.lock",
  "ggen.plugins.cache.lru", "ggen.plugins.executor.process", "ggen.plugins.fingerprint.content",
  "ggen.plugins.hooks.sequential", "ggen.plugins.observer.history", "ggen.plugins.observer.plain",
  "ggen.plugins.scheduler.critical-path", "ggen.plugins.scheduler.fifo", "ggen.plugins.store.disk",
  "ggen.std.semver",
}) do
  AS_IT_IS[name] = true
end

-- Deflated although they lie in lua/ggen itself: of one command, of tasks that lease something, of
-- plugins that are called while loading, of what is sent.
local FEW_NEED = {}
for _, name in ipairs({
  "call_in_load", "clean_room", "completion", "delivery", "flaky", "history", "http", "http_head",
  "http_upgrade", "lease_wants", "leases", "local_service", "man", "metric_condition", "metrics",
  "outbox", "raw_stream", "schedule_report", "simulate", "simulate_schedule", "used_frontends",
  "virtual_run", "why_before",
}) do
  FEW_NEED["ggen." .. name] = true
end

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
local function deflated(bytes)
  local size = ffi.new("unsigned long[1]", zlib.compressBound(#bytes))
  local out = ffi.new("char[?]", size[0])
  assert(zlib.compress2(out, size, bytes, #bytes, 9) == 0, "zlib: no memory")
  return ffi.string(out, size[0])
end

-- The bytes of a module in the blob: those of its code, or fewer, which are deflated.
local function packed(name, bytecode)
  local few = FEW_NEED[name]
  FEW_NEED[name] = nil
  if AS_IT_IS[name] or name == "ggen" or name:find("^ggen%.[^.]+$") and not few then
    AS_IT_IS[name] = nil
    return bytecode
  end
  local bytes = deflated(bytecode)
  return #bytes < #bytecode and bytes or bytecode
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
  local bytes = packed(module.name, bytecode)
  blob[#blob + 1] = bytes
  rows[#rows + 1] = ('    {"%s", %d, %d, %d},'):format(module.name, offset, #bytes, #bytecode)
  offset = offset + #bytes
end
assert(not next(AS_IT_IS), ("no module '%s' (AS_IT_IS)"):format(next(AS_IT_IS)))
assert(not next(FEW_NEED), ("no module '%s' (FEW_NEED)"):format(next(FEW_NEED)))

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
