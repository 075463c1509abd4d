-- Containers: made, started, stopped, looked at, removed.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local create = require("ggen.std.docker.create")
local errors = require("ggen.std.docker.errors")
local names = require("ggen.std.docker.names")
local view = require("ggen.std.docker.view")

---@class ggen.docker.Engine
local Engine = {}

-- What the engine may take longer for than the seconds that it was told to wait.
local function longer(engine, seconds)
  return engine._timeout > 0 and engine._timeout + seconds or 0
end

local function path_of(id, action)
  return "/containers/" .. names.id(id, "container") .. (action and "/" .. action or "")
end

local function doing(what, id) return what .. " container " .. names.short(id) end

-- A call that only does something to one container.
local function act(engine, id, action, query, timeout)
  return engine:_do("POST", path_of(id, action), { doing = doing(action, id), about = "container",
    query = query, timeout = timeout })
end

local function check_options(options, fields, what)
  local checked, message, where =
    ggen.schema.check({ type = "record", fields = fields }, options or {})
  if not checked then
    error(("%s: %s"):format(what, ggen.schema.message(message, where)), 4)
  end
  return checked
end

---Makes a container; it is not started. The image must be there: see pull.
---@async
---@param spec ggen.docker.ContainerSpec
---@return string? id
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:create(spec)
  local body, problem = create.body(spec)
  if not body then error("engine:create: " .. problem, 2) end
  local _, message, kind = names.image(body.Image)
  if message then return nil, message, kind end
  local what = "create container" .. (spec.name and " " .. spec.name or "") .. " of " .. body.Image
  local answer
  answer, message, kind = self:_ask("POST", "/containers/create", { doing = what, about = "image",
    query = { name = spec.name }, body = body })
  if not answer then return nil, message, kind end
  if not view.text(answer.Id) then
    return nil, what .. ": the engine answered without an id", "protocol"
  end
  return answer.Id
end

---Starts it; one that runs already is left as it is.
---@async
---@param id string or its name
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:start(id) return act(self, id, "start") end

local STOP = { timeout = { type = "duration" } }

-- Seconds as the API wants them: whole ones, and none of them is lost.
local function whole(seconds) return seconds and math.ceil(seconds) end

---Ends it: its stop signal, and SIGKILL when the time is over (10 s, or what it was made with). One
---that does not run is left.
---@async
---@param id string
---@param options? { timeout?: ggen.Duration } how long it may take to end by itself
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:stop(id, options)
  local seconds = whole(check_options(options, STOP, "engine:stop").timeout)
  return act(self, id, "stop", { t = seconds }, longer(self, seconds or 10))
end

---Ends it as stop does, and starts it.
---@async
---@param id string
---@param options? { timeout?: ggen.Duration }
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:restart(id, options)
  local seconds = whole(check_options(options, STOP, "engine:restart").timeout)
  return act(self, id, "restart", { t = seconds }, longer(self, seconds or 10))
end

---Freezes its processes where they are.
---@async
---@param id string
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:pause(id) return act(self, id, "pause") end

---Lets them go on.
---@async
---@param id string
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:unpause(id) return act(self, id, "unpause") end

---Sends a signal to its first process.
---@async
---@param id string
---@param signal? string|integer KILL
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:kill(id, signal)
  signal = tostring(signal or "KILL")
  if not signal:find("^%w+$") then error("engine:kill: a signal expected, as TERM or 15", 2) end
  return act(self, id, "kill", { signal = signal })
end

---Gives it another name.
---@async
---@param id string
---@param name string
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:rename(id, name)
  return act(self, id, "rename", { name = names.id(name, "container") })
end

-- Docker kills at once. podman does so by its own API only: by the other one it waits for the stop
-- time-out of the container. What failed then is in an answer of 200.
local function remove_by_force(engine, id, call)
  call.libpod, call.query.timeout = true, 0
  call.query.v, call.query.volumes = nil, call.query.v -- there it has another name
  local reports, message, kind = engine:_ask("DELETE", path_of(id), call)
  if not reports then return nil, message, kind end
  for _, report in ipairs(reports) do
    local problem = view.text(view.map(report).Err)
    if problem then return nil, errors.of_text(call.doing, problem, "container") end
  end
  return true
end

---Removes it: with `force` also while it runs (SIGKILL), with `volumes` its anonymous volumes, too.
---@async
---@param id string
---@param options? { force?: boolean, volumes?: boolean }
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:remove(id, options)
  local checked = check_options(options, { force = { type = "boolean" },
    volumes = { type = "boolean" } }, "engine:remove")
  local call = { doing = doing("remove", id), about = "container", timeout = longer(self, 10),
    query = { force = checked.force, v = checked.volumes } }
  if checked.force and self.name == "podman" then return remove_by_force(self, id, call) end
  return self:_do("DELETE", path_of(id), call)
end

---What it is and does.
---@async
---@param id string
---@return ggen.docker.Container?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:inspect(id)
  local raw, message, kind = self:_ask("GET", path_of(id, "json"),
    { doing = doing("inspect", id), about = "container" })
  if not raw then return nil, message, kind end
  return view.container(raw, self.endpoint.host)
end

---The processes in it, as the engine's ps has them: a list of rows, column name -> text.
---@async
---@param id string
---@return table<string, string>[]?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:top(id)
  local answer, message, kind = self:_ask("GET", path_of(id, "top"), { doing = doing("look into",
    id), about = "container" })
  if not answer then return nil, message, kind end
  local titles, rows = view.list(answer.Titles), {}
  for _, process in ipairs(view.map(answer.Processes)) do
    local row = {}
    for i, word in ipairs(view.list(process)) do
      if titles[i] then row[titles[i]] = word end
    end
    rows[#rows + 1] = row
  end
  return rows
end

---{ a = "b", c = true } as the filter of a list: with this value, or with any.
---@param labels table<string, string|boolean>?
---@param what string
---@return string[]?
local function label_filter(labels, what)
  if not labels then return nil end
  local list = {}
  for name, value in pairs(labels) do
    if type(name) ~= "string" or (type(value) ~= "string" and value ~= true) then
      error(what .. ": labels: names with a text or true expected", 3)
    end
    list[#list + 1] = value == true and name or name .. "=" .. value
  end
  table.sort(list)
  return #list > 0 and ggen.json.array(list) or nil
end

Engine._label_filter = label_filter

local RUNS = { running = true, paused = true, restarting = true }

---Containers by their labels; the running ones only, without all.
---@async
---@param options? { labels?: table<string, string|true>, all?: boolean }
---@return ggen.docker.Listed[]?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:list(options)
  local checked = check_options(options, { labels = { type = "any" }, all = { type = "boolean" } },
    "engine:list")
  local filter = label_filter(checked.labels, "engine:list")
  -- podman counts paused ones among those that do not run.
  local answer, message, kind = self:_ask("GET", "/containers/json", { doing = "list containers",
    query = { all = checked.all or self.name == "podman", filters = filter and { label = filter } },
    max_bytes = 64 * 1024 * 1024 })
  if not answer then return nil, message, kind end
  local list = {}
  for _, raw in ipairs(answer) do
    local listed = view.listed(raw, self.endpoint.host)
    if listed and (checked.all or RUNS[listed.state]) then list[#list + 1] = listed end
  end
  return list
end

---Unpacks a tar archive (gzip, bzip2 and xz will do, too) into a directory of it, which must be
---there (podman makes it). It need not run.
---@async
---@param id string
---@param path string the directory, from the root of the container
---@param archive string|{ file: string } its bytes, or where it lies
---@return true?
---@return string? message
---@return ggen.docker.Kind? kind
function Engine:put_archive(id, path, archive)
  local is_file = type(archive) == "table"
  return self:_do("PUT", path_of(id, "archive"), { doing = doing("copy into", id),
    about = "container", query = { path = path }, body = not is_file and archive or nil,
    body_file = is_file and archive.file or nil, content_type = "application/x-tar", timeout = 0 })
end

return Engine
