-- The doctor: the container engine, or how to get one.
-- SPDX-License-Identifier: MIT
local units = require("ggen.units")

local M = { topic = "containers" }

local LIMIT = 2 -- seconds until somebody answers

local GET_ONE = "sudo apt-get install podman, then systemctl --user start podman.socket; or Docker;"
  .. " or DOCKER_HOST=unix:///path/to.sock; or a fallback for each service of the pool"
local DENIED = "sudo usermod -aG docker $USER and a new login; or podman without root: systemctl"
  .. " --user start podman.socket"

local function says(name)
  local value = os.getenv(name)
  return value ~= nil and value ~= ""
end

---@async
---@param report ggen.doctor.Report
---@param shared { needs_engine: ggen.async.Future } whether tasks here cannot run without one
function M.run(report, shared)
  local docker = require("ggen").std.docker
  local engine, message, kind = docker.connect({ connect_timeout = LIMIT, timeout = LIMIT })
  if not engine then
    local needed = shared.needs_engine:wait()
    if not docker.find() and not says("DOCKER_HOST") and not says("CONTAINER_HOST") then
      message = "there is no container engine: DOCKER_HOST and CONTAINER_HOST are not set, and none"
        .. " of the usual sockets is there"
    end
    message = message:gsub("; start one .*$", "") -- ours says more
    local fix = kind == "denied" and DENIED or GET_ONE
    if needed then report:problem(message, fix) else report:note(message, fix) end
    return
  end
  local found = docker.find() or {}
  report:ok(("%s %s, API %s, found by %s"):format(engine.name, engine.version, engine.api_version,
    found.from or "its socket"))
  local info, refused = engine:info()
  if not info then
    report:problem(refused, "see the engine's log")
  else
    report:ok(("%s of memory, %d cores, %d containers and %d images"):format(
      units.format_size(info.MemTotal or 0), info.NCPU or 0, info.Containers or 0,
      info.Images or 0))
  end
  engine:close()
end

return M
