-- What a run knows of results: which tasks are up to date, what the cache plugins make of that, and
-- what is written down at the end. The work is the engine's (ggen.core.incremental). What stands
-- around a task's run is in find_result.lua and keep_result.lua, which a run with nothing to do
-- does not load.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local first_look = require("ggen.first_look")
local hash = require("ggen.core.hash")
local memo = require("ggen.memo")
local policies = require("ggen.policies")
local stores = require("ggen.stores")

local M = {}

local MOST_RECORDS = 20000 -- fields of records that are kept before they are written
local DISK_FULL = "No space left on device"

---@class ggen.CacheOptions
---@field read boolean serve results
---@field write boolean keep results
---@field stats boolean? say at the end how the cache did
---@field directory string? of the cache of this machine
---@field look ggen.FirstLook? that was begun before

---@class ggen.Cache
---@field counts table<string, number> of what it did
---@field unmeasured boolean? a task has made outputs that are in no result
local Cache = {}
Cache.__index = Cache

-- Turns a method of the engine with a callback at its end into one that waits.
local function wait_for(self, method, ...)
  self:define()
  local arguments, count = { ... }, select("#", ...)
  local files = self.files
  return async.await(function(resume)
    arguments[count + 1] = resume
    files[method](files, unpack(arguments, 1, count + 1))
  end)
end

---@param project ggen.Project
---@param plugins ggen.Registry
---@param events ggen.Events
---@param options ggen.CacheOptions
---@return ggen.Cache? nil when there cannot be one: it was said why
function M.open(project, plugins, events, options)
  local look, message = options.look, nil
  local files = look and look.files
  if not files then files, message = first_look.open(project) end
  if not files then
    events:note("warning", "everything runs, without a cache: " .. message)
    return nil
  end
  local self = setmetatable({
    files = files, project = project, events = events, options = options, plugins = plugins,
    _unmoved = look and look.unmoved,
    definition = require("ggen.definition").remembered(project, plugins),
    policies = plugins:all("cache"), _policies = policies.new(plugins:all("cache"), events),
    _said = {}, _records = {}, _refused = {}, _causes = {}, _hosts = {},
    counts = { misses = 0, stored = 0, stored_bytes = 0, restored_bytes = 0, output_files = 0,
      copied = 0 },
  }, Cache)
  self.stores = stores.open(self, plugins, options.directory)
  for _, text in ipairs(files:warnings()) do events:note("warning", text) end
  return self
end

---Makes the definitions known to the engine: a run with nothing to do does without.
function Cache:define()
  if self._defined then return end
  self._defined = true
  self.definition:tell(self.files)
end

---@param index integer of a task
---@return string? why it has no key although it would be cached
function Cache:unkeyed(index) return self.definition:unkeyed()[index] end

---Says something once a run.
---@param what string
---@param text string
function Cache:warn_once(what, text)
  if text:find(DISK_FULL, 1, true) then what = DISK_FULL end -- one cause, whatever it hits
  if self._said[what] then return end
  self._said[what] = true
  self.events:note("warning", text)
end

---@async
function Cache:wait(method, ...) return wait_for(self, method, ...) end

-- Policies ---------------------------------------------------------------------------------------

---@class ggen.CachedResult what policies see of a result
---@field key string?
---@field task string
---@field created number seconds since 1970
---@field age number seconds
---@field duration number seconds that it took to make
---@field bytes number of its outputs and its log

---The policies' question as the engine asks it, without a table for each task. `holds` becomes the
---seconds for which all of their answers hold.
---@param project ggen.Project
---@return (fun(id: integer, created: number, duration: number, bytes: number): boolean)?
function Cache:policy(project)
  if not self._policies:have("lookup") then return nil end
  local now, entry = clock.unix(), {}
  self.holds = math.huge
  return function(id, created, duration, bytes)
    local task = project:task(id)
    entry.task, entry.created, entry.duration, entry.bytes = task.id, created / 1000,
      duration / 1000, bytes
    entry.age = now - entry.created
    local serve, reason = self._policies:ask("lookup", task, entry)
    if serve then
      self.holds = math.min(self.holds, reason)
    else
      self._refused[id] = reason
    end
    return serve
  end
end

---Whether the policies serve a stored result.
---@param task ggen.Task
---@param action userdata
---@return boolean serve
---@return string? why not
---@return table info of the action
function Cache:serves(task, action)
  local info = action:info()
  info.age = clock.unix() - info.created
  local serve, why = self._policies:ask("lookup", task, info)
  return serve, not serve and why or nil, info
end

---@param index integer of a task that is as it was
---@return string? why the policies do not serve that all the same
function Cache:refusal(index) return self._refused[index] end

-- The start of a run -----------------------------------------------------------------------------

---@class ggen.Judgement
---@field fresh integer tasks that are up to date
---@field idle integer services that nobody needs in this run
---@field saved number seconds that the fresh ones took when they ran

---Finds out which tasks are up to date, before anything runs, and tells the plan.
---@param project ggen.Project
---@param plan userdata
---@param asked integer[] services that are to run in any case
---@param left_out table<integer, true>? tasks of the plan that take no part
---@return ggen.Judgement
function Cache:judge(project, plan, asked, left_out)
  local nothing = { fresh = 0, idle = 0, saved = 0 }
  self._plan = plan
  local situation = self.files:situation(self.definition.situation)
  local whole = #asked == 0 and not left_out
  self._memo = situation and whole and hash.bytes(situation .. plan:digest()) or nil
  if not self.options.read then return nothing end
  local unchanged = self._unmoved
  if unchanged == nil then unchanged = self.files:verify() end
  if unchanged and not self.events:wants("on_task_fresh") then
    self._found = memo.recall(self, project, plan)
    if self._found then return self._found end
  end
  self:define()
  local found = self.files:judge(plan, asked, self:policy(project))
  if left_out then require("ggen.choice").discount(self.files, found, left_out) end
  self.files:settle(plan)
  self._found = found
  return found
end

---@param plan userdata
---@return integer[] the tasks that judge() found to be up to date
function Cache:fresh_tasks(plan)
  if not self.options.read then return {} end
  return self.files:fresh(plan)
end

-- Around a task's run ----------------------------------------------------------------------------

---Before a task runs: is there anything to run?
---@async
---@param run ggen.Run
---@param task ggen.Task
---@return ggen.CacheEntry
function Cache:find(run, task)
  self._looked = true
  self:define()
  return require("ggen.find_result").find(self, run, task)
end

---After a task ran.
---@async
---@param run ggen.Run
---@param task ggen.Task
---@param entry ggen.CacheEntry
---@param result ggen.TaskResult
---@param duration number seconds
---@return ggen.TaskResult
function Cache:keep(run, task, entry, result, duration)
  self._ran = true
  return require("ggen.keep_result").keep(self, run, task, entry, result, duration)
end

---A hook that is a task is about to run behind others.
---@param task ggen.Task
---@param hosts integer[]
function Cache:follows(task, hosts) self._hosts[task.index] = hosts end

---What comes after a task may have changed its outputs: those that need it see them as they are.
---@async
---@param index integer of a task that has ended well
function Cache:after_hooks(index)
  self._looked = true
  self:wait("look_again", index)
end

---A task that is not run ended all the same: what needs it gets its part of the key.
---@async
---@param task ggen.Task
---@param how string? "skipped"; nil for a phase
function Cache:passed(task, how)
  self._looked = true
  self:wait("assess", task.index)
  if how then self.files:ended(task.index, nil, how) end
end

---A task is left out of the run: what needs it goes by what lies there.
---@async
---@param task ggen.Task
function Cache:leave_out(task)
  self._looked = true
  self:define()
  self:wait("leave_out", task.index)
end

---A hook, a service or another task that is never served has done something: files may have moved.
function Cache:something_ran()
  self._looked = true
  self.files:something_ran()
end

-- What is written down ---------------------------------------------------------------------------

---@param name string of `counts`
---@param number number
function Cache:count(name, number) self.counts[name] = self.counts[name] + number end

---For the journal.
---@param op string "hit", "miss", "store"
---@param key string
---@param task ggen.Task
---@param bytes number
---@param duration number seconds
function Cache:record(op, key, task, bytes, duration)
  local list = self._records
  local n = #list
  if n >= MOST_RECORDS then
    self:_flush()
    list, n = self._records, 0
  end
  list[n + 1], list[n + 2], list[n + 3], list[n + 4], list[n + 5] = op, key, task.id, bytes,
    duration
end

-- Hands the records to the cache's journal.
function Cache:_flush()
  if #self._records == 0 or not self.stores.writable then return end
  local written, message = self.files:append(self._records, clock.unix())
  self._records = {}
  if not written then self:_journal_failed(message) end
end

-- One warning is enough where nothing can be written, and none where nothing should be.
function Cache:_journal_failed(message)
  if not self.options.write or self._said.store then return end
  self:warn_once("journal", "the cache's journal cannot be written: " .. message)
end

-- Why --------------------------------------------------------------------------------------------

---What moved since the task was run last.
---@async
---@param task ggen.Task
---@param found table of assess()
---@return ggen.Reason
function Cache:changes(task, found)
  local compare = require("ggen.compare")
  return (compare.with_last(self, task, found, compare.FEW, function(need)
    local index = not self._causes[need] and self.project:find(need)
    return self._causes[need], index and self.files:info(index).has_outputs
  end))
end

-- The end ----------------------------------------------------------------------------------------

---Writes down what was learned. The run is over: nothing of this makes it fail.
---@async
---@param code integer exit code of the run
function Cache:close(code)
  local files = self.files
  async.await(function(resume) files:drain(resume) end)
  if self._plan and self.stores.writable then
    self:_flush()
    if self.counts.stored > 0 then self.stores:check_limits() end
    local usage, message = files:journal(self._plan, clock.unix(), self._same or false)
    if not usage then
      self:_journal_failed(message)
    elseif type(usage) == "number" then
      self.stores:make_room(usage)
    end
  end
  memo.conclude(self, code)
  local saved, message = files:save()
  if not saved then
    local remedy = message:find("Is a directory", 1, true) and " (remove that directory)" or ""
    self:warn_once("save", "the file index cannot be written, the next run will be slower: "
      .. message .. remedy)
  end
  for _, text in ipairs(files:warnings()) do self:warn_once(text, text) end
  if self.stores.directory then
    for _, text in ipairs(self.stores.directory:warnings()) do self:warn_once(text, text) end
  end
end

return M
