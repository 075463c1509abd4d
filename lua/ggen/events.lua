-- Tells the observers of a run what happens. An observer that raises is named once and left out
-- from then on: it must not spoil the run that it watches.
-- SPDX-License-Identifier: MIT
local harmless = require("ggen.harmless")
local recording = require("ggen.recording")
local registry = require("ggen.registry")

local M = {}

---@class ggen.Events
---@field notes { level: string, text: string }[] what was said, for the record of the run
local Events = { __name = "ggen.Events" }
Events.__index = Events

---@param observers ggen.Instance[]
---@return ggen.Events
function M.new(observers)
  local self = setmetatable({ _listeners = {}, notes = {} }, Events)
  for moment in pairs(registry.kinds.observer.methods) do
    local list = {}
    for _, instance in ipairs(observers) do
      if instance.impl[moment] then list[#list + 1] = instance end
    end
    self._listeners[moment] = list
  end
  return self
end

---Adds a listener of the host itself.
---@param name string for messages
---@param listener table with methods of an observer
function Events:listen(name, listener)
  local instance = { name = name, impl = listener }
  for moment, list in pairs(self._listeners) do
    if listener[moment] then list[#list + 1] = instance end
  end
end

function Events:_drop(instance)
  for moment, list in pairs(self._listeners) do
    local kept = {}
    for _, other in ipairs(list) do
      if other ~= instance then kept[#kept + 1] = other end
    end
    self._listeners[moment] = kept
  end
end

---@param moment string
---@return boolean someone listens
function Events:wants(moment) return #self._listeners[moment] > 0 end

function Events:_failed(instance, message)
  self:_drop(instance)
  self:note("error", message .. " (the observer is left out from here on)")
end

---@param moment string "on_task_start" and so on
---@param ... any
function Events:emit(moment, ...)
  for _, instance in ipairs(self._listeners[moment]) do
    local ok, message = registry.call(instance, moment, ...)
    if not ok then self:_failed(instance, message) end
  end
end

---Asks all observers whether the run passes, and says what they answer.
---@param run ggen.Run
---@return boolean passed nobody had anything against it
function Events:gate(run)
  local passed = true
  for _, instance in ipairs(self._listeners.on_run_gate) do
    local ok, answer = registry.call(instance, "on_run_gate", run)
    if ok and answer ~= nil and type(answer) ~= "string" then
      ok, answer = false, ("plugin %q, method on_run_gate: it must return a text or nothing, it"
        .. " returned a %s"):format(instance.name, type(answer))
    end
    if not ok or answer then passed = false end -- what cannot judge does not let pass
    if not ok then self:_failed(instance, answer) elseif answer then self:note("error", answer) end
  end
  return passed
end

---Says something that belongs to no task's output.
---@param level "info"|"warning"|"error"
---@param text string
---@param task ggen.Task?
function Events:note(level, text, task)
  text = harmless.text(text)
  recording.note(self.notes, level, text, task)
  if #self._listeners.on_note == 0 then
    io.stderr:write("ggen-lua: ", level, ": ", text, "\n")
    return
  end
  self:emit("on_note", level, text, task)
end

return M
