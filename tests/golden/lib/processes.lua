-- Finds the processes that a case left behind: those whose environment or current directory has the
-- case's folder in it (its HOME and TMPDIR lie there, and tasks inherit both). Waits for their end.
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local ffi = require("ffi")
local fs = require("ggen.core.fs")

local M = {}

ffi.cdef [[
  struct ggen_test_pollfd { int fd; short events; short revents; };
  int poll(struct ggen_test_pollfd *entries, unsigned long count, int milliseconds);
  long syscall(long number, ...);
  int close(int fd);
]]

local PIDFD_OPEN = 434 -- on every architecture but alpha
local POLLIN, ESRCH = 1, 3

local function read(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read("*a") or ""
  file:close()
  return text
end

---@param marker string a text that occurs in the environment of no other process
---@return { pid: integer, command: string }[]
function M.find(marker)
  local found = {}
  for _, entry in ipairs(fs.list("/proc") or {}) do
    local pid = tonumber(entry.name)
    if pid then
      local cwd = fs.realpath("/proc/" .. pid .. "/cwd") or ""
      local in_folder = cwd:sub(1, #marker) == marker
      if in_folder or read("/proc/" .. pid .. "/environ"):find(marker, 1, true) then
        local command = read("/proc/" .. pid .. "/cmdline"):gsub("%z", " ")
        found[#found + 1] = { pid = pid, command = command }
      end
    end
  end
  return found
end

-- For so many seconds at most. Not a child of ours: a descriptor of the process is readable when it
-- has ended.
local function wait_for_end(pid, seconds)
  local fd = ffi.C.syscall(PIDFD_OPEN, ffi.cast("int", pid), ffi.cast("unsigned int", 0))
  if fd < 0 then
    assert(ffi.errno() == ESRCH, "pidfd_open: errno " .. ffi.errno())
    return
  end
  local entry = ffi.new("struct ggen_test_pollfd", tonumber(fd), POLLIN, 0)
  ffi.C.poll(entry, 1, math.ceil(seconds * 1000)) -- a signal ends it early
  ffi.C.close(entry.fd)
end

---Waits until find() finds none. The whole script waits, not only the coroutine.
---@param marker string
---@param limit number seconds
---@return { pid: integer, command: string }[] left those that live on after the limit
function M.wait_until_gone(marker, limit)
  local deadline = clock.monotonic() + limit
  while true do
    local left, remaining = M.find(marker), deadline - clock.monotonic()
    if #left == 0 or remaining <= 0 then return left end
    wait_for_end(left[1].pid, remaining)
  end
end

return M
