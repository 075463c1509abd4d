-- What is asked of podman in another way than of Docker.
-- SPDX-License-Identifier: MIT
local docker = require("ggen.std.docker")
local engines = require("engine")

local PONG = { body = "OK", headers = { ["Api-Version"] = "1.41",
  Server = "Libpod/4.3.1 (linux)", ["Libpod-Api-Version"] = "4.3.1" } }

-- Calls body(engine, lines) with a podman that gives these answers; lines() are the requests behind
-- the first, "GET /path".
local function with(answers, body)
  local all = { PONG }
  for _, answer in ipairs(answers) do all[#all + 1] = answer end
  engines.serve(all, function(host, requests)
    body(assert(docker.connect({ host = host })), function()
      engines.wait(requests, #all)
      local lines = {}
      for i = 2, #requests do lines[i - 1] = requests[i].method .. " " .. requests[i].path end
      return lines
    end)
  end)
end

local function state(status, code)
  return { body = ('{"Id":"c","State":{"Status":"%s","Running":%s,"ExitCode":%d}}'):format(status,
    tostring(status == "running"), code or 0) }
end

local TAKEN = { status = 101, pieces = { engines.base64("output") } }

describe("podman", function()
  it("removes by force through its own API", function()
    with({ { body = '[{"Id":"c"}]' }, { body = '[{"Id":"c","Err":null}]' },
      { body = '[{"Id":"c","Err":"no container with ID \\"c\\" found: no such container"}]' },
      { status = 404, body = '{"cause":"no such container","message":"no container"}' },
      { status = 204 } }, function(engine, lines)
      assert.is_true(engine:remove("c", { force = true, volumes = true }))
      assert.is_true(engine:remove("c", { force = true }))
      assert.equal("no_such_container", (select(3, engine:remove("c", { force = true }))))
      assert.equal("no_such_container", (select(3, engine:remove("c", { force = true }))))
      assert.is_true(engine:remove("c"))
      local asked = lines()
      assert.same({ "DELETE /v4.0.0/libpod/containers/c?force=1&timeout=0&volumes=1",
        "DELETE /v4.0.0/libpod/containers/c?force=1&timeout=0",
        "DELETE /v1.41/containers/c" }, { asked[1], asked[2], asked[5] })
    end)
  end)

  it("lists paused containers among those that run", function()
    with({ { body = '[{"Id":"a","State":"running"},{"Id":"b","State":"exited"},'
      .. '{"Id":"c","State":"Paused"},{"Id":"d","State":"created"}]' } }, function(engine, lines)
      local ids = {}
      for i, listed in ipairs(engine:list()) do ids[i] = listed.id end
      assert.same({ "a", "c" }, ids)
      assert.same({ "GET /v1.41/containers/json?all=1" }, lines())
    end)
  end)

  it("is heard to the end of a container, and asked when that was not its end", function()
    with({ state("exited", 3), -- it has ended
      state("running"), TAKEN, state("running"), state("exited", 4), -- it ends
      state("running"), { status = 409, body = '{"message":"no"}' }, state("exited", 5),
      state("created"), { body = "-1" } }, function(engine, lines)
      assert.equal(3, engine:wait("c"))
      assert.equal(4, engine:wait("c"))
      assert.equal(5, engine:wait("c"))
      assert.equal(-1, engine:wait("c"))
      local asked = lines()
      assert.equal("POST /v1.41/containers/c/attach?stdout=1&stream=1", asked[3])
      assert.equal("POST /v4.0.0/libpod/containers/c/wait?interval=20ms", asked[10])
    end)
  end)

  it("is asked when the output ends and the container does not", function()
    local answers = { state("running"), TAKEN }
    for _ = 1, 6 do answers[#answers + 1] = state("running") end
    answers[#answers + 1] = { body = "7" }
    with(answers, function(engine) assert.equal(7, engine:wait("c")) end)
  end)

  it("is not waited for longer than is said", function()
    with({ state("running"), { status = 101, pieces = {}, hang = true } }, function(engine)
      local code, message, kind = engine:wait("c", { timeout = "50ms" })
      assert.same({ nil, "wait for container c: it runs on after 0.05 s", "timeout" },
        { code, message, kind })
    end)
  end)
end)
