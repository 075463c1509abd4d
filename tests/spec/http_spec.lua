-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local http = require("ggen.http")
local process = require("ggen.core.process")
local server = require("server")

describe("http", function()
  it("asks and waits for the answer", function()
    server.with({ { status = 201, headers = { ["X-Thing"] = "a", Vary = "b" }, body = "made" } },
      function(url, requests)
        local response = assert(http.request({ url = url .. "/things?q=1", method = "POST",
          headers = { ["X-Number"] = 7, Empty = "" }, body = "a\0b", timeout = "10s" }))
        assert.equal(201, response.status)
        assert.equal("made", response.body)
        assert.equal("a", response.headers["x-thing"])
        assert.equal("4", response.headers["content-length"])
        server.wait(requests, 1)
        local request = requests[1]
        assert.same({ "POST", "/things?q=1", "a\0b" }, { request.method, request.path,
          request.body })
        assert.equal("7", request.headers["x-number"])
        assert.equal("", request.headers.empty)
        assert.equal("ggen-lua/" .. require("ggen.version"), request.headers["user-agent"])
      end)
  end)

  it("has no answer of nobody, and says why", function()
    local gone
    server.with({ {} }, function(url) gone = url end)
    local response, message, problem = http.request({ url = gone .. "/x" })
    assert.is_nil(response)
    assert.equal("refused", problem)
    assert.equal(("GET %s/x: cannot connect to %s: Connection refused"):format(gone,
      gone:match("//(.*)")), message)
  end)

  it("tells a broken answer, a late one and one that is too long from a good one", function()
    server.with({ { half = true, body = "half" }, { hold = true }, { body = "12345" } },
      function(url)
        local function problem_of(options)
          options.url = url
          local response, message, problem = http.request(options)
          assert.is_nil(response)
          assert.is_string(message)
          return problem
        end
        assert.equal("closed", problem_of({}))
        assert.equal("timeout", problem_of({ timeout = "50ms" }))
        assert.equal("limit", problem_of({ max_bytes = 4 }))
      end)
  end)

  it("hands a body over, or keeps it in a file, or sends one", function()
    local dir = assert(fs.make_temp_dir("ggen-http-"))
    local path = dir .. "/x"
    server.with({ { body = "one" }, { body = "two" }, { status = 404, body = "three" },
      { body = "four" }, { body = "five" } }, function(url, requests)
      local parts = {}
      local response = assert(http.request({ url = url, max_bytes = "3",
        on_data = function(bytes) parts[#parts + 1] = bytes end }))
      assert.same({ "one" }, parts)
      assert.same({ "", 3, false, false },
        { response.body, response.size, response.stopped, response.reused })
      response = assert(http.request({ url = url, save = path }))
      assert.same({ "", 3, true }, { response.body, response.size, response.reused })
      assert.equal("two", assert(fs.read(path)))
      response = assert(http.request({ url = url, save = dir .. "/y", method = "PUT",
        body_file = path }))
      assert.same({ 404, "three" }, { response.status, response.body })
      assert.is_nil((fs.stat(dir .. "/y")))
      server.wait(requests, 3)
      assert.same({ "PUT", "two" }, { requests[3].method, requests[3].body })
      response = assert(http.request({ url = url, on_data = function() return false end }))
      assert.is_true(response.stopped)
      local _, message, problem = http.request({ url = url, save = dir .. "/no/y" })
      assert.equal("file", problem)
      assert.matches("write " .. dir:gsub("%p", "%%%0") .. "/no/y: ", message)
      problem = select(3, http.request({ url = url, on_data = error, max_bytes = 3 }))
      assert.equal("limit", problem)
    end)
    local _, message, problem = http.request({ url = "http://x", body_file = dir .. "/none" })
    assert.equal("file", problem)
    assert.matches("read " .. dir:gsub("%p", "%%%0") .. "/none: No such file", message)
    assert(fs.remove(dir, { recursive = true }))
  end)

  it("raises what the function raises that takes a body, where it is waited for", function()
    server.with({ { body = "one" } }, function(url)
      local problem = {}
      local ok, raised = pcall(http.request, { url = url, on_data = function() error(problem) end })
      assert.is_false(ok)
      assert.equal(problem, raised)
      assert.error_matches(function()
        http.request({ url = url, on_data = function() async.sleep(0) end })
      end, "only code that runs as part of a task may wait")
    end)
  end)

  it("is given up when what waits for it is cancelled", function()
    server.with({ { hold = true } }, function(url, requests)
      local thread
      thread = async.run(function() http.request({ url = url }) end, function(ok, problem)
        assert.is_false(ok)
        assert.equal(async.CANCELLED, problem)
      end)
      server.wait(requests, 1)
      thread:cancel()
    end)
  end)

  it("refuses options that are wrong", function()
    local function fault(options)
      local ok, message = pcall(http.request, options)
      assert.is_false(ok)
      return tostring(message)
    end
    assert.matches('"url"', fault({}))
    assert.matches('did you mean "timeout"', fault({ url = "http://x", timout = 1 }))
    assert.matches('"timeout"', fault({ url = "http://x", timeout = "soon" }))
    assert.matches("either body or body_file",
      fault({ url = "http://x", body = "", body_file = "x" }))
    assert.matches("either save or on_data",
      fault({ url = "http://x", save = "x", on_data = print }))
    local function problem_of(options)
      local response, message, problem = http.request(options)
      assert.is_nil(response)
      return problem .. ": " .. message
    end
    assert.matches("^invalid: .*line break", problem_of({ url = "http://x",
      headers = { A = "b\r\nC: d" } }))
    assert.matches("^unsupported: ", problem_of({ url = "ftp://x" }))
  end)

  it("trusts no certificate that nobody vouches for", function()
    local dir = assert(fs.make_temp_dir("ggen-tls-"))
    local result = async.await(function(resume)
      return assert(process.run({ env = { PATH = os.getenv("PATH") }, cwd = dir, argv = { "openssl",
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-addext",
        "subjectAltName=DNS:localhost", "-days", "2" } }, resume))
    end)
    assert.equal(0, result.code)
    server.with({ { body = "secret" } }, function(url)
      url = url:gsub("http://127.0.0.1", "https://localhost")
      local response, message, problem = http.request({ url = url })
      assert.is_nil(response)
      assert.equal("tls", problem)
      assert.matches("ca_file", message)
      response = assert(http.request({ url = url, ca_file = dir .. "/cert.pem" }))
      assert.equal("secret", response.body)
      -- Vouched for, but for another name.
      assert.equal("tls", (select(3, http.request({
        url = url:gsub("localhost", "127.0.0.1"), ca_file = dir .. "/cert.pem" }))))
    end, dir)
    assert(fs.remove(dir, { recursive = true }))
  end)
end)
