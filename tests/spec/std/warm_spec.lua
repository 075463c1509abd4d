-- Warm containers with an engine that is a table: its containers are shells of this machine.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local local_shell = require("local_shell")
local warm = require("ggen.std.docker.warm")

local ENV = { PATH = os.getenv("PATH") }

-- An engine that has these images; `calls` is what it was asked.
local function engine_of(images)
  local engine = { calls = {}, containers = {}, streams = {}, next = 1, images = images or {} }
  local function note(text) engine.calls[#engine.calls + 1] = text end
  function engine:image(ref)
    note("image " .. ref)
    async.sleep(0)
    if self.images[ref] then return { id = ref, env = {} } end
    return nil, "no image " .. ref, "no_such_image"
  end
  function engine:pull(ref, options)
    note("pull " .. ref)
    options.on_progress({ status = "Downloading", id = "l", current = 1, total = 2 })
    if ref:find("nowhere") then return nil, "pull image " .. ref .. ": no registry", "server" end
    self.images[ref] = true
    return true
  end
  function engine:create(spec)
    note("create " .. spec.image)
    async.sleep(0)
    local id = ("%d"):format(self.next)
    self.next, self.containers[id] = self.next + 1, spec
    return id
  end
  function engine:start(id)
    note("start " .. id)
    if self.containers[id].image == "no-shell" then
      return nil, 'start container: exec: "/bin/sh": no such file', "bad_request"
    end
    return true
  end
  function engine:exec_stream(id)
    note("shell " .. id)
    if not self.containers[id] or self.containers[id].dead then
      return nil, "container " .. id .. " is not running", "not_running"
    end
    local stream = local_shell.stream({ "/bin/sh" })
    table.insert(self.streams, stream)
    return stream
  end
  function engine:remove(id)
    note("remove " .. id)
    self.containers[id] = nil
    return true
  end
  function engine:close() note("close") end
  -- The calls that begin so.
  function engine:count(what)
    local count = 0
    for _, call in ipairs(self.calls) do
      if call:sub(1, #what) == what then count = count + 1 end
    end
    return count
  end
  return engine
end

local function with(engine, options, fn)
  local notes, connected = {}, 0
  options.connect = options.connect or function()
    connected = connected + 1
    async.sleep(0)
    return engine
  end
  options.note = function(level, text) notes[#notes + 1] = level .. ": " .. text end
  local w = warm.new(options)
  local ok, problem = pcall(fn, w, notes, function() return connected end)
  if not w._closed then w:close() end
  for _, stream in ipairs(engine.streams) do
    while not stream._ended do async.sleep(0.001) end
    assert(fs.remove(stream.dir, { recursive = true }))
  end
  engine.streams = {}
  if not ok then error(problem, 0) end
end

local function said(seat, text)
  return assert(seat.shell:run({ argv = { "printf", text }, env = ENV, capture = 100 })).stdout
end

describe("warm containers", function()
  it("are one for all who ask for the same, at the same time too", function()
    local engine = engine_of({ img = true })
    with(engine, {}, function(w, notes, connected)
      local seats = async.all({ function() return w:borrow({ image = "img" }) end,
        function() return w:borrow({ image = "img" }) end,
        function() return w:borrow({ image = "img" }) end })
      assert.equal(1, connected())
      assert.same({ 1, 1, 3 }, { engine:count("image"), engine:count("create"),
        engine:count("shell") })
      assert.equal("hi", said(seats[2], "hi"))
      for _, seat in ipairs(seats) do w:give_back(seat) end
      local again = assert(w:borrow({ image = "img" }))
      assert.equal(3, engine:count("shell"))
      assert.equal("again", said(again, "again"))
      w:give_back(again)
      assert.same({}, notes)
      w:close()
      assert.same({ 1, 1 }, { engine:count("remove"), engine:count("close") })
    end)
  end)

  it("are others for others", function()
    local engine = engine_of({ img = true, other = true })
    with(engine, {}, function(w)
      local mounts = { { source = "/a", target = "/a" } }
      for _, spec in ipairs({ { image = "img" }, { image = "other" },
        { image = "img", user = "1:1" }, { image = "img", network = "none" },
        { image = "img", memory = 1 }, { image = "img", cpus = 1 },
        { image = "img", mounts = mounts },
        { image = "img", mounts = { { source = "/a", target = "/a", read_only = true } } } }) do
        w:give_back(assert(w:borrow(spec)))
        w:give_back(assert(w:borrow(spec)))
      end
      assert.equal(8, engine:count("create"))
      assert.same(mounts, engine.containers["7"].mounts)
    end)
    assert.same({}, engine.containers)
  end)

  it("fetch images as they are told, once", function()
    local engine = engine_of({ here = true })
    with(engine, {}, function(w, notes)
      async.all({ function() w:give_back(assert(w:borrow({ image = "away" }))) end,
        function() w:give_back(assert(w:borrow({ image = "away" }))) end })
      assert.equal(1, engine:count("pull"))
      assert.same({ "info: pulling the image away" }, notes)
      local none, message, kind = w:borrow({ image = "gone", pull = "never" })
      assert.is_nil(none)
      assert.equal("no_such_image", kind)
      assert.matches('no image gone here, and pull = "never"', message)
      w:give_back(assert(w:borrow({ image = "here", pull = "always" })))
      w:give_back(assert(w:borrow({ image = "here", pull = "always" })))
      assert.equal(2, engine:count("pull"))
      none, message = w:borrow({ image = "nowhere" })
      assert.is_nil(none)
      assert.matches("no registry", message)
      -- What was refused may be asked for again.
      w:borrow({ image = "nowhere" })
      assert.equal(4, engine:count("pull"))
    end)
  end)

  it("say what is wrong with an image or an engine", function()
    local engine = engine_of({ ["no-shell"] = true })
    with(engine, {}, function(w)
      local none, message = w:borrow({ image = "no-shell" })
      assert.is_nil(none)
      assert.equal("the image no-shell has no /bin/sh, and tasks in a container need one", message)
    end)
    assert.same({}, engine.containers)
    local tries = 0
    with(engine, { connect = function()
      tries = tries + 1
      return nil, "nobody answers", "no_engine"
    end }, function(w)
      for i = 1, 2 do
        local none, message, kind = w:borrow({ image = "img" })
        assert.same({ nil, "nobody answers", "no_engine", i }, { none, message, kind, tries })
      end
    end)
  end)

  it("are replaced when they have ended, once said", function()
    local engine = engine_of({ img = true })
    with(engine, {}, function(w, notes)
      local seat = assert(w:borrow({ image = "img" }))
      engine.containers["1"].dead = true
      local other = assert(w:borrow({ image = "img" }))
      assert.equal("2", other.id)
      w:give_back(seat)
      w:give_back(other)
      assert.same({ "warning: the container of img has ended, another one is started" }, notes)
      other = assert(w:borrow({ image = "img" }))
      assert.equal("2", other.id)
      -- A shell that has ended, or that somebody may still write to, is nobody's.
      other.shell:close()
      w:give_back(other)
      other = assert(w:borrow({ image = "img" }))
      assert.equal("on", said(other, "on"))
      other.shell.tainted = true
      w:give_back(other)
      assert.is_true(other.shell.closed)
    end)
    assert.same({}, engine.containers)
  end)

  it("are nobody else's where they are fresh", function()
    local engine = engine_of({ img = true })
    with(engine, {}, function(w)
      local one = assert(w:borrow({ image = "img", fresh = true }))
      local two = assert(w:borrow({ image = "img", fresh = true }))
      assert.not_equal(one.id, two.id)
      local gone = false
      w:give_back(one, function() gone = true end)
      while not gone do async.sleep(0.001) end
      assert.is_nil(engine.containers[one.id])
      assert.is_true(one.shell.closed)
      w:give_back(two)
    end)
    assert.same({}, engine.containers)
  end)

  it("are not taken from the others by one who gives up", function()
    local engine = engine_of({ img = true })
    with(engine, {}, function(w)
      local first = async.run(function() w:borrow({ image = "img" }) end, function() end)
      first:cancel()
      local seat = assert(w:borrow({ image = "img" }))
      assert.equal(1, engine:count("create"))
      w:give_back(seat)
      -- One that nobody got goes with the rest.
      local lost = async.run(function() w:borrow({ image = "img", fresh = true }) end,
        function() end)
      while engine:count("start") < 2 do async.sleep(0) end
      lost:cancel()
    end)
    assert.same({}, engine.containers)
  end)

  it("belong to an owner, who keeps them or sees to their end", function()
    local engine, told = engine_of({ img = true }), {}
    local kept = {}
    local owner = {
      sweep = function() told[#told + 1] = "sweep" end,
      create = function(_, spec, options)
        told[#told + 1] = "create " .. options.name .. " " .. tostring(options.keep)
        return engine:create(spec)
      end,
      adopt = function() return kept end,
      let_go = function(_, id, keep) told[#told + 1] = ("let go %s %d"):format(id, keep) end,
      gone = function(_, id) told[#told + 1] = "gone " .. id end,
      close = function() told[#told + 1] = "close" end,
    }
    local options = { keep = 60, owner = function() return owner end }
    with(engine, options, function(w) w:give_back(assert(w:borrow({ image = "img" }))) end)
    assert.same({ "sweep", "create task img 60", "let go 1 60", "close" }, told)
    told, kept = {}, { { id = "2", state = "exited" }, { id = "1", state = "running" },
      { id = "3", state = "running" } }
    with(engine, options, function(w)
      local seat = assert(w:borrow({ image = "img" }))
      assert.equal("1", seat.id)
      w:give_back(seat)
      while engine:count("remove") < 2 do async.sleep(0.001) end
    end)
    table.sort(told)
    assert.same({ "close", "gone 2", "gone 3", "let go 1 60", "sweep" }, told)
    -- No book can be kept: they are removed as without one.
    told = {}
    with(engine, { owner = function() return nil, "no books" end }, function(w, notes)
      w:give_back(assert(w:borrow({ image = "img" })))
      assert.same({ "warning: no books" }, notes)
    end)
    assert.same({}, told)
    assert.is_nil(engine.containers["4"])
  end)
end)
