-- The doctor: this program, and what it stands on.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")

local M = { topic = "program" }

-- The library is looked for where the first request is made; nobody has to answer it.
local function has_libcurl()
  local _, _, problem = async.await(function(resume)
    return require("ggen.core.http").request({ url = "http://localhost/", method = "GET",
      headers = {}, body = "", timeout = 1, connect_timeout = 1, first_byte_timeout = 0,
      max_bytes = 1, unix_socket = "/nonexistent/ggen-doctor" }, resume)
  end)
  return problem ~= "unsupported"
end

---@async
---@param report ggen.doctor.Report
function M.run(report)
  report:ok(("ggen-lua %s, API level %d of plugins, %s"):format(require("ggen.version"),
    require("ggen.registry").API, require("ggen.core.fs").realpath("/proc/self/exe")))
  local on = jit.status()
  local text = ("%s, %s %s, JIT compiler %s"):format(jit.version, jit.os, jit.arch,
    on and "on" or "off")
  if on then report:ok(text) else
    report:note(text, "what is written in Lua runs slower than it could: build ggen-lua against a"
      .. " LuaJIT that has its compiler for this machine")
  end
  if not pcall(require, "ffi") then
    report:note("LuaJIT has no FFI", "plugins that use it do not load: build ggen-lua against a"
      .. " LuaJIT with its FFI")
  end
  if not has_libcurl() then
    report:problem("there is no libcurl: no request can be made, and no container be used",
      "apt-get install libcurl4, or its like")
  end
end

return M
