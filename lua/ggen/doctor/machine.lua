-- The doctor: what this machine gives a run, and its limits.
-- SPDX-License-Identifier: MIT
local machine = require("ggen.machine")
local units = require("ggen.units")

local M = { topic = "machine" }

local read = machine.read
local FEW_FILES, FEW_WATCHES, FEW_INSTANCES = 1024, 65536, 128

local function open_files(report)
  local limit = (read("/proc/self/limits") or ""):match("\nMax open files%s+(%S+)")
  if not limit then return end
  local text = limit == "unlimited" and "any number of open files"
    or ("%s open files at most"):format(limit)
  if (tonumber(limit) or math.huge) < FEW_FILES then
    report:note(text, ("ulimit -n %d, before a run with many tasks at once"):format(4 * FEW_FILES))
  else
    report:ok(text)
  end
end

local function watches(report)
  local function value(name) return tonumber(read("/proc/sys/fs/inotify/" .. name) or "") end
  local most, instances = value("max_user_watches"), value("max_user_instances")
  if not most or not instances then
    report:note("the limits of inotify are not known: files may not be watched here")
    return
  end
  local text = ("files can be watched: %d watches, %d instances"):format(most, instances)
  local low = {}
  if most < FEW_WATCHES then
    low[#low + 1] = ("fs.inotify.max_user_watches=%d"):format(8 * FEW_WATCHES)
  end
  if instances < FEW_INSTANCES then
    low[#low + 1] = ("fs.inotify.max_user_instances=%d"):format(4 * FEW_INSTANCES)
  end
  if #low == 0 then report:ok(text) else
    report:note(text .. ", few for a large tree", ("sudo sysctl %s, and the same in a file of"
      .. " /etc/sysctl.d"):format(table.concat(low, " ")))
  end
end

-- What a plugin with trust = "process" is shut in by.
local function sandbox(report)
  local kernel = require("ggen.core.sandbox").kernel()
  if kernel.seccomp and kernel.landlock > 0 then
    report:ok(("plugins can run in a sandbox: seccomp, Landlock (version %d)"):format(
      kernel.landlock))
    return
  end
  local missing = not kernel.seccomp and kernel.landlock == 0 and "seccomp and Landlock"
    or kernel.seccomp and "Landlock" or "seccomp"
  report:note(("this kernel has no %s: plugins with trust = \"process\" do not run")
    :format(missing), "Linux 5.13 or later with CONFIG_SECCOMP_FILTER and"
    .. " CONFIG_SECURITY_LANDLOCK (lsm=landlock,...); or GGEN_SANDBOX=weaker, which runs them in a"
    .. " process with less around it")
end

---@param report ggen.doctor.Report
function M.run(report)
  local cpus = require("ggen.core.env").cpus()
  report:ok(("%d core%s, %s of memory, %s of it free"):format(cpus, cpus == 1 and "" or "s",
    units.format_size(machine.memory()), units.format_size(machine.free_memory())))
  open_files(report)
  watches(report)
  sandbox(report)
end

return M
