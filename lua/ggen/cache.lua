-- What a run knows of results: which tasks are up to date, what can be restored, what is kept. The
-- work is the engine's (ggen.core.incremental), the decisions are those of the cache plugins; here
-- is the order of things. Read find() and keep() first: they stand around a task's run.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local clock = require("ggen.core.clock")
local first_look = require("ggen.first_look")
local hash = require("ggen.core.hash")
local lanes = require("ggen.lanes")
local memo = require("ggen.memo")
local policies = require("ggen.policies")
local stores = require("ggen.stores")

local M = {}

local MOST_RECORDS = 20000 -- fields of records that are kept before they are written
local DISK_FULL = "No space left on device"
local FIRST_PAUSE, LONGEST_PAUSE, TELL_AFTER = 0.005, 0.1, 1 -- seconds, of waiting for another run

---@class ggen.CacheOptions
---@field read boolean serve results
---@field write boolean keep results
---@field stats boolean? say at the end how the cache did
---@field directory string? of the cache of this machine
---@field look ggen.FirstLook? that was begun before

---@class ggen.CacheEntry what find() learned about a task
---@field result ggen.TaskResult? there is nothing to run: this is the result
---@field key string? hexadecimal; nil for a task without a key
---@field reason string? why it runs, one line
---@field bypass boolean? it is never served
---@field package missed boolean? it could have been served, had there been something
---@field package marks userdata? of the inputs, from before the run
---@field package recorder userdata? sink of what it prints
---@field package locked boolean? no other run makes its outputs meanwhile
---@field package stored boolean? its result is
---@field package last table? what this checkout made last

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

local function up_to_date(last)
  return { status = "ok", code = 0, attempts = 1, cache = "fresh", saved = last and last.duration
    or 0 }
end

-- Makes the outputs of a stored result; nil and why when that did not work.
function Cache:_restore(task, action, info)
  local present, message = self:wait("present", task.index)
  if not present then return nil, message end
  local restored, kind
  restored, message, kind = self:wait("restore", action, present)
  if not restored then
    if kind ~= "not_found" and kind ~= "invalid" then
      self:warn_once("restore", "a stored result could not be restored: " .. message)
    end
    return nil, kind == "invalid" and "its stored result was damaged"
      or "its stored result is not whole: " .. message
  end
  local outputs
  outputs, message = self:wait("learn", task.index, restored.written)
  if not outputs then return nil, message end
  if outputs ~= info.outputs and info.output_count > 0 then
    return nil, "what was restored is not what was stored"
  end
  return restored
end

-- The key of the result that this one takes the place of, for `why`: making the same once more
-- does not make its history forgotten.
local function before_of(entry)
  local last = entry.last
  if not last then return entry.changes and entry.changes.against end
  if not last.key or last.key == entry.key then return last.before end
  return last.key
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

function Cache:_serve(run, task, entry, action, tier)
  local serve, why, info = self:serves(task, action)
  if not serve then
    entry.reason = why
    return nil
  end
  local restored
  restored, why = self:_restore(task, action, info)
  if not restored then
    entry.reason = why
    return nil
  end
  if info.log and not self.files:replay(action, run.account:log_of(task)) then
    entry.reason = "its stored output is not whole"
    return nil
  end
  info.before = before_of(entry)
  self.files:ended(task.index, info)
  self:_record("hit", info.key, task, info.bytes, info.duration)
  self:_count("restored_bytes", info.bytes)
  self:_count("output_files", info.output_count)
  self:_count("copied", restored.bytes)
  return { status = "ok", code = 0, attempts = 1, cache = "restored", saved = info.duration,
    files = restored.files, tier = tier }
end

-- Another run in this checkout that makes the same outputs is waited for. Asked again and again: a
-- lock that is waited for in the system could not be given up when this run is interrupted.
function Cache:_lock(run, task)
  if not self.files:info(task.index).has_outputs then return false end
  local pause, waited = FIRST_PAUSE, 0
  while not self.files:lock(task.index) do
    run.waits:sleep(pause, lanes.of(task))
    waited = waited + pause
    pause = math.min(pause * 2, LONGEST_PAUSE)
    if waited > TELL_AFTER and waited - pause <= TELL_AFTER then
      self.events:note("info", "waits: another run is making its outputs", task)
    end
  end
  if waited > 0 then self.files:something_ran() end
  return true
end

---Before a task runs: is there anything to run?
---@async
---@param run ggen.Run
---@param task ggen.Task
---@return ggen.CacheEntry
function Cache:find(run, task)
  self._looked = true
  self:define()
  local locked = self:_lock(run, task)
  local entry = self:_find(run, task)
  entry.locked = locked
  if entry.result then self:_unlock(task, entry) end
  return entry
end

function Cache:_unlock(task, entry)
  if entry.locked then self.files:unlock(task.index) end
  entry.locked = false
end

function Cache:_find(run, task)
  local facts = self.files:info(task.index)
  local entry = {}
  for _ = 1, 3 do -- inputs that keep changing are not waited for longer
    local found, message = self:wait("assess", task.index)
    if not found then
      entry.bypass, entry.reason = true, message
      return entry
    end
    entry.key, entry.last = found.key, found.last
    if not found.key then
      entry.bypass = true
      entry.reason = self:unkeyed(task.index) and
        ('not cached: %s (give the task a version = "..." to cache it)'):format(
          self:unkeyed(task.index)) or require("ggen.reasons").without_key(found.problem)
      return entry
    end
    if facts.runs_nothing then
      entry.result = { status = "ok", code = 0, attempts = 1,
        cache = not self._ran and "fresh" or nil }
      return entry
    end
    if not facts.cached then
      entry.bypass = true
      return entry
    end
    local refused = self._refused[task.index]
    if self.options.read then
      if found.standing == "fresh" and not refused then
        self:_record("hit", found.key, task, found.last.bytes, found.last.duration)
        entry.result = up_to_date(found.last)
        return entry
      end
      local action, tier = self.stores:get(found.key)
      if action then
        entry.result = self:_serve(run, task, entry, action, tier)
        if entry.result then return entry end
      end
    end
    entry.changes = entry.changes or (self.options.read and self:changes(task, found))
      or { text = "forced" }
    entry.missed = true
    entry.reason = entry.reason or refused or entry.changes.text
    self._causes[task.id] = entry.changes.first
    local marks = self:wait("mark", task.index)
    if marks then
      entry.marks = marks
      break
    end
  end
  if not entry.marks then entry.reason = "its inputs keep changing" end
  if entry.missed then self:_count("misses", 1) end
  if self.options.write and self.stores.writable then
    local recorder = self.files:recorder()
    entry.recorder = recorder
    run.account:record(task, recorder)
  end
  return entry
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
  local waits = run.waits
  local cut_short = not waits.at_end and waits.interrupted
  local outcome = cut_short == "timeout" and "ended" or "interrupted"
  if result.code == 0 and (cut_short or result.left_behind) then
    -- Whoever was asked to end may have stopped half way, whatever the exit code says; so may a
    -- process that was left behind.
    self.files:something_ran()
    self.files:ended(task.index, nil, "interrupted", outcome)
    result.cache = "bypass"
  else
    result = self:_keep(task, entry, result, duration, cut_short and outcome or "failed")
  end
  local outputs = task.spec.outputs
  if outputs and #outputs > 0 and result.code == 0 and not entry.stored then
    self.unmeasured = true
  end
  self:_unlock(task, entry)
  return result
end

function Cache:_keep(task, entry, result, duration, failure)
  result.reason, result.cache = entry.reason, entry.bypass and "bypass" or "miss"
  local after, message = self:wait("after_run", task.index, entry.marks)
  if result.code ~= 0 then
    -- What needs a task that may fail sees what it left behind.
    self.files:ended(task.index, nil, after and "failed" or "unknown", failure)
    return result
  end
  if not after then
    self.events:note("warning", "not cached: " .. message, task)
    self.files:ended(task.index, nil, "unknown", "unknown")
    return result
  end
  if #after.missing > 0 or (after.none and task.spec.outputs and #task.spec.outputs > 0) then
    return self:_missing(task, after, result)
  end
  if after.moved then
    self.events:note("warning", ("not cached: %s changed while it ran%s"):format(after.moved,
      self:_remedy(task)), task)
  end
  local altered = self:_altered(task)
  if entry.bypass or after.moved or altered or not after.action then
    self.files:ended(task.index, nil, nil, after.moved and "moved" or altered)
    return result
  end
  local last = { key = entry.key, outputs = after.outputs, created = clock.unix(),
    duration = duration, bytes = after.bytes, before = before_of(entry) }
  local admitted, why = self._policies:ask("admit", task, last)
  if not admitted then result.not_stored = why end
  if admitted and self.options.write and self.stores.writable then
    self:_store(task, entry, after.action, last, result)
  end
  after.action:close()
  self.files:ended(task.index, last)
  return result
end

-- What to do about a task that writes among its own inputs.
function Cache:_remedy(task)
  local narrow = task.spec.lifecycle and "watch" or "inputs"
  return (" (if the task writes it: declare it in outputs, or narrow %s)"):format(narrow)
end

function Cache:_missing(task, after, result)
  self.files:ended(task.index, nil, nil, "missing")
  local what = #after.missing > 0 and table.concat(after.missing, ", ")
    or table.concat(task.spec.outputs, ", ")
  local text = "declared outputs were not made: " .. what
  if task.spec.missing_outputs == "ok" then return result end
  if task.spec.missing_outputs == "warn" then
    self.events:note("warning", "not cached: " .. text, task)
    return result
  end
  return { code = 1, message = text, usage = result.usage, reason = result.reason, cache = "miss",
    attempts = result.attempts }
end

function Cache:_store(task, entry, action, last, result)
  local usage = result.usage or {}
  local facts = { created = last.created, duration = last.duration, user = usage.user or 0,
    sys = usage.sys or 0, peak_memory = usage.peak_memory or 0 }
  local stored, message, kind = self:wait("capture", action, entry.recorder, facts)
  if stored then
    self:_record("store", entry.key, task, last.bytes, last.duration)
    self:_count("stored", 1)
    self:_count("stored_bytes", last.bytes)
    self:_count("output_files", action:info().output_count)
    entry.stored = true
    self.stores:put(action)
  elseif kind == "cancelled" then
    self.events:note("warning", "not cached: " .. message, task)
  elseif kind == "invalid" then
    -- Said once: the result before was not stored either.
    local before = entry.last
    if not before or require("ggen.compare").stored(self, before.key) then
      self.events:note("warning", ("its result is not stored: %s. Declare the outputs where they"
        .. " really are, or say cache = false"):format(message), task)
    end
  else
    self:_record("miss", entry.key, task, last.bytes, last.duration)
    self:warn_once("store", "results cannot be stored: " .. message)
  end
end

function Cache:_record(op, key, task, bytes, duration)
  local list = self._records
  local n = #list
  if n >= MOST_RECORDS then
    self:_flush()
    list, n = self._records, 0
  end
  list[n + 1], list[n + 2], list[n + 3], list[n + 4], list[n + 5] = op, key, task.id, bytes,
    duration
end

---A hook that is a task is about to run behind others.
---@param task ggen.Task
---@param hosts integer[]
function Cache:follows(task, hosts) self._hosts[task.index] = hosts end

-- What a hook made of the outputs of its task is in no result: it has to run whenever these are
-- made or restored.
function Cache:_altered(task)
  local altered
  for _, host in ipairs(self._hosts[task.index] or {}) do
    if self:wait("look_again", host) then altered = "altered" end
  end
  return altered
end

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

function Cache:_count(name, number) self.counts[name] = self.counts[name] + number end

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
