-- ggen-lua plugin sync: makes .ggen/plugins as ggen-lock.json says. What is as it should be is left
-- alone, and then nothing is asked of anybody.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local grants = require("ggen.plugin.grants")
local here = require("ggen.plugin.here")
local harmless = require("ggen.harmless").text

local M = {
  summary = "Make the installed plugins as ggen-lock.json says",
  description = "Installs what is missing or was changed, from where the lock says it came from (or"
    .. " --server), and removes what the lock does not name. When everything is there nothing is"
    .. " asked of the network. Rocks have to be what the lock says; sources in a directory that"
    .. " have changed since are locked anew, which --frozen refuses.",
}

function M.configure(parser)
  parser:flag("--frozen", "Fail rather than change ggen-lock.json: for CI.")
  here.server_options(parser)
  here.build_options(parser)
  parser:flag("--yes", "Grant what changed sources may do beyond now. In CI only with --frozen.")
end

local function differing(entry, rock)
  local lines = {}
  for path, digest in require("ggen.sorted").pairs(entry.files) do
    local now = rock.files[path]
    if now ~= digest:lower() then
      lines[#lines + 1] = path .. (now and " is another" or " is gone")
    end
  end
  for path in require("ggen.sorted").pairs(rock.files) do
    if not entry.files[path] then lines[#lines + 1] = path .. " is new" end
  end
  return lines
end

local function refuse(entry, rock, lines, why)
  local shown = table.concat(lines, "\n  ", 1, math.min(#lines, 10))
  fault.raise(("%s %s is not what ggen-lock.json says%s:\n  %s"):format(entry.name or entry.rock,
    rock.version, why, shown))
end

-- Gets a rock of the lock once more.
local function again(job, entry, how)
  local origin = require("ggen.plugin.origin").of_locked(entry, job.dir)
  local in_directory = origin.path and (require("ggen.core.fs").stat(origin.path) or {}).type
    == "directory"
  if #how.servers > 0 and not origin.git and not in_directory then
    -- Another place for the same: what it is, its digests say.
    origin = { rock = entry.rock, version = entry.version }
  end
  if origin.rock and #how.servers == 0 and how.cache then
    local kept = require("ggen.plugin.luarocks").find(origin.rock, { dir = how.cache })
    local best = kept and require("ggen.plugin.luarocks").best(kept, entry.version)
    if best then origin = { path = how.cache .. "/" .. best.file } end
  end
  job.how.allow_build = how.allow_build or entry.built
  local rock = job:get(origin)
  local lines = differing(entry, rock)
  if rock.rock ~= entry.rock then
    fault.raise(("%s gives the rock %s in place of %s"):format(entry.source, rock.rock, entry.rock))
  end
  if not in_directory and (#lines > 0 or rock.version ~= entry.version) then
    refuse(entry, rock, lines, (": what %s gives has changed since it was added"):format(
      entry.source))
  end
  return rock, in_directory and #lines > 0 and lines or nil
end

local function say_nothing_done(locked)
  io.write(#locked.plugins == 0 and "no plugin is locked here (ggen-lua plugin add)\n"
    or "everything is as ggen-lock.json says\n")
end

---@async
---@param args table
---@return integer
function M.run(args)
  grants.check(args, true)
  local dir = here.project(args)
  local tree, jobs = require("ggen.plugin.tree"), require("ggen.plugin.job")
  -- With nothing to do nothing is written: the project may be one that cannot be written to.
  local locked = require("ggen.plugin.lock").open(dir)
  if locked and tree.is_as_locked(dir, locked) then
    say_nothing_done(locked)
    return 0
  end
  return tree.hold(dir, function(staging)
    local how = here.fetching(args, dir)
    local job = jobs.new(dir, staging, how)
    local state = tree.state(dir, job.lock)
    if #state.extra > 0 then tree.drop(dir, state.extra) end
    for _, path in ipairs(state.extra) do io.write(harmless(("removed %s\n"):format(path))) end
    local put, anew = {}, false
    for _, entry in ipairs(job.lock.plugins) do
      if not tree.holds(dir, entry) then
        if entry.built and not args.allow_build then
          fault.raise(("%s ran programs when it was built: sync needs --allow-build for it"):format(
            entry.name or entry.rock))
        end
        local rock, changed = again(job, entry, how)
        if changed and args.frozen then refuse(entry, rock, changed, ", and --frozen was given") end
        if changed then
          anew = true
          if entry.name then
            job.asked[entry.rock] = true
            job:get_needs(rock)
          end
          rock.source = entry.source
        end
        put[#put + 1] = { entry = entry, rock = rock, changed = changed }
      end
    end
    local planned = job.lock
    if anew then
      for _, one in ipairs(put) do
        -- What is as locked keeps its line.
        if not one.changed then job.taken[one.rock.rock] = nil end
      end
      planned = job:planned()
      grants.ask(job.lock, planned, args)
      for _, one in ipairs(put) do job.taken[one.rock.rock] = one.rock end
    end
    if #put > 0 then jobs.apply(dir, job.lock, planned, job.taken) end
    for _, one in ipairs(put) do
      io.write(harmless(("installed %s %s%s\n"):format(one.entry.name or one.entry.rock,
        one.rock.version, one.changed and ", locked anew: its sources have changed" or "")))
    end
    if #put == 0 and #state.extra == 0 then say_nothing_done(planned) end
    return 0
  end)
end

return M
