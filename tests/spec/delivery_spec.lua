-- The clock of these specs stands still but for the waits of what is tested.
-- SPDX-License-Identifier: MIT
local arrivals = require("arrivals")
local async = require("ggen.async")
local delivery = require("ggen.delivery")
local fs = require("ggen.core.fs")

local REFUSED = { false, "nobody is there", "refused" }

describe("delivery", function()
  local dir, now, asked, waits

  before_each(function()
    dir = assert(fs.make_temp_dir("ggen-outbox-"))
    now, asked, waits = 1000, {}, {}
  end)
  after_each(function() assert(fs.remove(dir, { recursive = true })) end)

  -- Answers are used in their order, the last one again and again: a status, a response, a list of
  -- what ggen.http.request returns, or "hold".
  local function make(answers, more)
    local options = {
      name = "box", dir = dir .. "/outbox", now = function() return now end,
      unix = function() return now end, jitter = function() return 0.5 end,
      sleep = function(seconds)
        waits[#waits + 1] = seconds
        async.sleep(0)
        now = now + seconds
      end,
      request = function(kind) return { url = "http://u:p@host:1/" .. kind .. "?key=secret" } end,
      ask = function(request)
        arrivals.add(asked, request.url:match("/(%w+)%?") .. " " .. request.body)
        local answer = #answers > 1 and table.remove(answers, 1) or answers[1]
        if answer == "hold" then async.await(function() return { close = function() end } end) end
        if type(answer) == "number" then answer = { status = answer } end
        if answer[2] then return nil, answer[2], answer[3] end
        return { status = answer.status, headers = answer.headers or {},
          body = answer.body or "" }
      end,
    }
    for name, value in pairs(more or {}) do options[name] = value end
    return delivery.new(options)
  end

  -- Letters; also whether somebody waited in vain.
  local function left()
    local count, unanswered = 0, false
    for _, entry in ipairs(fs.list(dir .. "/outbox") or {}) do
      if entry.name == "box-unanswered" then unanswered = true else count = count + 1 end
    end
    return count, unanswered
  end

  it("sends letters in their order", function()
    local d = make({ 200 })
    d:post("a", "1")
    d:post("b", "2")
    assert.same({ sent = 2, kept = 0, lost = 0 }, d:finish(1))
    assert.same({ "a 1", "b 2" }, asked)
    assert.equal(0, left())
    d:post("c", "3") -- too late
    assert.equal(2, #asked)
  end)

  it("tries again after what may pass, ever later", function()
    local d = make({ 503, 429, REFUSED, 200 })
    d:post("a", "1")
    d:post("a", "2")
    arrivals.wait(asked, 5)
    assert.equal(2, d:finish(1).sent)
    assert.same({ "a 1", "a 1", "a 1", "a 1", "a 2" }, asked)
    assert.same({ 1, 2, 4 }, { waits[1], waits[2], waits[3] })
  end)

  it("waits for as long as a server asks for", function()
    local d = make({ { status = 429, headers = { ["retry-after"] = "7" } }, 200 })
    d:post("a", "1")
    arrivals.wait(asked, 2)
    d:finish(1)
    assert.equal(7, waits[1])
  end)

  it("reads both forms of Retry-After", function()
    assert.equal(120, delivery.retry_after("120", 0))
    assert.equal(60, delivery.retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 946684739))
    assert.equal(0, delivery.retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 946684800))
    assert.equal(1, delivery.retry_after("Thu, 29 Feb 2024 00:00:01 GMT", 1709164800))
    for _, text in ipairs({ "", "soon", "-1", "1.5", "Fri, 31 Foo 1999 23:59:59 GMT" }) do
      assert.is_nil(delivery.retry_after(text, 0))
    end
    assert.is_nil(delivery.retry_after(nil, 0))
  end)

  it("makes one harmless line of what others say", function()
    assert.equal("a [31m b c", delivery.said("\n a \27[31m\r\n b\t\0 \194\155c\n"))
    assert.equal("aü", delivery.said("aüü", 4))
    assert.equal("", delivery.said(" \n"))
  end)

  it("gives up what no other attempt would help, and says what the server said", function()
    local d = make({ { status = 400, body = '{"message":"spans[0]:\\nno name"}' }, 500, 200 })
    for i = 1, 3 do d:post("a", tostring(i)) end
    local report = d:finish(1)
    assert.same({ 1, 0, 2 }, { report.sent, report.kept, report.lost })
    assert.equal("http://host:1/a answered 500", report.problem)
    d = make({ { status = 400, body = '{"message":"spans[0]:\\nno name"}' } })
    d:post("a", "1")
    assert.equal("http://host:1/a answered 400: spans[0]: no name", d:finish(1).problem)
  end)

  it("keeps what is unsent for the next run, which sends it first", function()
    local d = make({ REFUSED })
    d:post("a", "1")
    d:post("b", "2")
    local report = d:finish(0.5)
    assert.same({ sent = 0, kept = 2, lost = 0, problem = "nobody is there" }, report)
    assert.equal(2, left())
    asked = {}
    d = make({ 200 })
    d:resume()
    d:post("c", "3")
    assert.equal(3, d:finish(0.5).sent)
    assert.same({ "a 1", "b 2", "c 3" }, asked)
    assert.equal(0, left())
  end)

  it("does not wait at the end for an attempt that would come too late", function()
    local d = make({ REFUSED })
    d:post("a", "1")
    assert.equal(1, #waits)
    waits = {}
    assert.equal(1, d:finish(0.5).kept)
    assert.same({}, waits)
  end)

  it("does not wait either when the last attempt fails", function()
    local answer = async.future()
    local d = make({ 200 }, { ask = function() return nil, answer:wait() end })
    d:post("a", "1")
    local report
    async.run(function() report = d:finish(0.9) end)
    waits = {}
    answer:resolve("reset", "closed")
    assert.same({}, waits) -- 1 s would be too late
    assert.same({ 1, "reset" }, { report.kept, report.problem })
  end)

  it("gives up an answer that does not come", function()
    local d = make({ "hold" })
    d:post("a", "1")
    d:post("a", "2")
    local report = d:finish(0.5)
    assert.same({ 0.5 }, waits)
    assert.equal(2, report.kept)
    assert.equal("http://host:1/a has not answered yet", report.problem)
    assert.equal(2, left())
  end)

  it("waits for a server that does not answer once a minute, and says so once", function()
    local function run(answers)
      local d = make(answers)
      d:resume()
      d:post("a", "1")
      waits = {}
      return d:finish(0.5)
    end
    assert.is_string(run({ "hold" }).problem)
    assert.same({ 0.5 }, waits)
    local report = run({ "hold" })
    assert.same({ {}, 2 }, { waits, report.kept })
    assert.is_nil(report.problem)
    now = now + 60
    assert.equal(3, run({ "hold" }).kept)
    assert.same({ 0.5 }, waits)
    assert.is_true(select(2, left()))
    -- It answers again: that is what counts, as soon as somebody waits for it.
    now = now + 60
    run({ 200 })
    assert.same({ 0, false }, { left() })
    -- A time that the clock has not reached says nothing.
    assert(fs.mkdir(dir .. "/outbox"))
    assert(fs.write(dir .. "/outbox/box-unanswered", tostring(now + 9)))
    run({ "hold" })
    assert.same({ 0.5 }, waits)
  end)

  it("says nothing of a server that answers, but has not answered all", function()
    local d = make({ 200, "hold" })
    d:post("a", "1")
    d:post("a", "2")
    local report = d:finish(0.5)
    assert.same({ 1, 1 }, { report.sent, report.kept })
    assert.is_nil(report.problem)
    assert.same({ 1, false }, { left() })
  end)

  it("stops where requests cannot be made, and loses nothing", function()
    local d = make({ { false, "no library", "unsupported" } })
    d:post("a", "1")
    d:post("a", "2")
    assert.equal(2, d:finish(9).kept)
    assert.equal(1, #asked)
  end)

  it("hands on what was said about a letter that was taken", function()
    local d = make({ { status = 200, body = "half of it" } }, {
      answered = function(kind, response) return kind .. ": " .. response.body end })
    d:post("a", "1")
    assert.equal("a: half of it", d:finish(1).note)
  end)

  it("does not send what another run is sending, unless that one died", function()
    local d = make({ REFUSED })
    d:post("a", "1")
    d:close()
    local first, second = make({ "hold" }), make({ 200 })
    first:resume()
    second:resume()
    assert.equal(0, second:finish(1).sent)
    -- The first one is never heard of again.
    now = now + 601
    local third = make({ 200 })
    third:resume()
    assert.equal(1, third:finish(1).sent)
    assert.equal(0, left())
    assert.equal(0, first:close().lost)
  end)

  it("keeps the newest of what is too much", function()
    local d = make({ REFUSED }, { limits = { files = 3, bytes = 1000 } })
    for i = 1, 5 do d:post("a", tostring(i)) end
    local report = d:finish(0)
    assert.same({ 3, 2 }, { report.kept, report.lost })
    asked = {}
    d = make({ 200 }, { limits = { files = 3, bytes = 1000 } })
    d:resume()
    d:finish(1)
    assert.same({ "a 3", "a 4", "a 5" }, asked)

    d = make({ "hold" }, { limits = { files = 9, bytes = 10 } })
    for i = 1, 4 do d:post("a", i .. "2345") end
    assert.equal(2, d:finish(0).kept)
    local bodies = {}
    for i, entry in ipairs(fs.list(dir .. "/outbox")) do
      bodies[i] = fs.read(dir .. "/outbox/" .. entry.name)
    end
    assert.same({ "12345", "42345" }, bodies) -- the first was on its way
  end)

  it("takes no other file of the directory for a letter", function()
    fs.mkdir(dir .. "/outbox")
    for _, name in ipairs({ "box-1-zz-a", "other-1-ff-a", "box-1-ff-a.claimed-x", "x" }) do
      assert(fs.write(dir .. "/outbox/" .. name, "?"))
    end
    assert(fs.mkdir(dir .. "/outbox/box-1-ff-a"))
    local d = make({ 200 })
    d:resume()
    assert.equal(0, d:finish(1).sent)
    assert.equal(5, left())
  end)

  it("says when nothing can be kept", function()
    assert(fs.write(dir .. "/outbox", "a file"))
    local d = make({ REFUSED })
    d:post("a", "1")
    local report = d:finish(0)
    assert.equal(1, report.lost)
    assert.matches("outbox", report.problem)
  end)
end)
