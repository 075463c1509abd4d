-- ggen-lua plugin update: takes newer versions of plugins.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local grants = require("ggen.plugin.grants")
local here = require("ggen.plugin.here")
local harmless = require("ggen.harmless").text

local M = {
  summary = "Take newer versions of the installed plugins",
  description = "Looks where each plugin came from (or on --server) for its newest version: a"
    .. " server or a directory of rocks, the branch of a git repository, the sources of a"
    .. " directory. What a plugin may do beyond now is shown and needs a yes.",
}

function M.configure(parser)
  parser:argument("name", "Only these."):args("*"):argname("PLUGIN")
  here.server_options(parser)
  here.build_options(parser)
  parser:flag("--yes", "Grant what newer versions may do beyond now. Not in CI.")
end

-- Where to look for a newer one.
local function newer(entry, job)
  local origin = require("ggen.plugin.origin").of_locked(entry, job.dir)
  if origin.git then return { git = origin.git, ref = origin.branch } end
  if origin.path and not origin.path:find("%.rock$") then return origin end
  return { rock = entry.rock, server = require("ggen.plugin.origin").server_of(entry, job.dir) }
end

local function chosen(job, names)
  local list = {}
  for _, entry in ipairs(job.lock.plugins) do
    if #names == 0 and entry.name then list[#list + 1] = entry end
  end
  for _, name in ipairs(names) do
    local entry = job:locked(name)
    if not entry or not entry.name then
      fault.raise(("ggen-lock.json has no plugin %q"):format(name))
    end
    list[#list + 1] = entry
  end
  return list
end

local function same_files(a, b)
  for path, digest in pairs(a) do if b[path] ~= digest then return false end end
  for path in pairs(b) do if not a[path] then return false end end
  return true
end

local function say(before, after)
  local was = {}
  for _, entry in ipairs(before.plugins) do was[entry.rock] = entry end
  local any = false
  for _, entry in ipairs(after.plugins) do
    local old = was[entry.rock]
    if not old or old.version ~= entry.version or not same_files(old.files, entry.files) then
      any = true
      io.write(harmless(("updated %s %s -> %s\n"):format(entry.name or entry.rock,
        old and old.version or "new", entry.version)))
      for _, line in ipairs(entry.name and grants.lines(entry) or {}) do
        io.write("  ", harmless(line), "\n")
      end
    end
  end
  if not any then io.write("everything is as new as it can be\n") end
end

---@async
---@param args table
---@return integer
function M.run(args)
  grants.check(args)
  local dir = here.project(args)
  return require("ggen.plugin.tree").hold(dir, function(staging)
    local jobs = require("ggen.plugin.job")
    local how = here.fetching(args, dir)
    local job = jobs.new(dir, staging, how)
    local entries = chosen(job, args.name)
    if #entries == 0 then
      io.write("no plugin is locked here (ggen-lua plugin add)\n")
      return 0
    end
    for _, entry in ipairs(entries) do job.renewed[entry.rock] = true end
    for _, entry in ipairs(entries) do
      how.allow_build = args.allow_build
      local rock = job:add(newer(entry, job))
      if rock.rock ~= entry.rock then
        fault.raise(("%s gives the rock %s in place of %s"):format(entry.source, rock.rock,
          entry.rock))
      end
      if require("ggen.plugin.rock_version").compare(rock.version, entry.version) < 0 then
        fault.raise(("%s has %s %s, which is older than %s (plugin add %s@%s takes it)"):format(
          rock.source, rock.rock, rock.version, entry.version, entry.name, rock.version))
      end
    end
    local planned = job:planned()
    grants.ask(job.lock, planned, args)
    jobs.apply(dir, job.lock, planned, job.taken)
    say(job.lock, planned)
    return 0
  end)
end

return M
