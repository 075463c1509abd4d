-- What this machine has, as far as we may use it: a container or a service manager may have set a
-- smaller limit than the memory that is built in.
-- SPDX-License-Identifier: MIT
local M = {}

-- Set by specs: where the kernel's files are.
M.root = ""

---A file of the kernel.
---@param path string
---@return string? text
function M.read(path)
  local file = io.open(M.root .. path)
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

local read = M.read

local function read_number(path)
  local text = read(path)
  return text and tonumber(text:match("^%d+"))
end

local function meminfo(field)
  local text = read("/proc/meminfo")
  local kib = text and tonumber(text:match("\n?" .. field .. ":%s*(%d+) kB"))
  return kib and kib * 1024
end

-- Calls visit with each control group that we are in, up to the root.
local function each_group(visit)
  local groups = read("/proc/self/cgroup") or ""
  local path = groups:match("0::(/[^\n]*)")
  while path do
    visit("/sys/fs/cgroup" .. (path == "/" and "" or path))
    if path == "/" then break end
    path = path:match("^(.*)/[^/]*$")
    if path == "" then path = "/" end
  end
  local old = groups:match("%d+:[%w,_=]*memory[%w,_=]*:(/[^\n]*)")
  if old then visit("/sys/fs/cgroup/memory" .. (old == "/" and "" or old)) end
end

---The memory that all of a run may take: what is built in, or the smallest limit of the control
---groups (memory.max, or memory.limit_in_bytes of the older kind).
---@return number bytes
function M.memory()
  local least = meminfo("MemTotal") or math.huge
  each_group(function(group)
    for _, name in ipairs({ "/memory.max", "/memory.high", "/memory.limit_in_bytes" }) do
      least = math.min(least, read_number(group .. name) or math.huge)
    end
  end)
  return least
end

---The memory that could be taken now without anybody having to give some up.
---@return number bytes
function M.free_memory()
  local least = meminfo("MemAvailable") or math.huge
  each_group(function(group)
    local limit = read_number(group .. "/memory.max")
      or read_number(group .. "/memory.limit_in_bytes")
    local used = read_number(group .. "/memory.current")
      or read_number(group .. "/memory.usage_in_bytes")
    if limit and used then
      -- What is only kept from files can be dropped.
      local stat = read(group .. "/memory.stat") or ""
      local cached = tonumber(stat:match("\ninactive_file (%d+)")) or 0
      least = math.min(least, math.max(limit - used + cached, 0))
    end
  end)
  return least
end

---How much of the last ten seconds somebody waited for memory (pressure stall information).
---@return number? percent; nil where the kernel does not say
function M.memory_pressure()
  local text = read("/proc/pressure/memory")
  return text and tonumber(text:match("^some avg10=([%d.]+)"))
end

---The machine as schedulers see it.
---@param memory number? bytes that a run may take, when the user says it
---@return ggen.Machine
function M.new(memory)
  -- Most runs never ask.
  return setmetatable({ cpus = require("ggen.core.env").cpus(), memory = memory,
    free_memory = M.free_memory, memory_pressure = M.memory_pressure }, {
    __name = "ggen.Machine",
    __index = function(self, key)
      if key ~= "memory" then return nil end
      self.memory = M.memory()
      return self.memory
    end,
  })
end

return M
