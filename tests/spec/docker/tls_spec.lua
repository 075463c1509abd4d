-- An engine on another machine, reached by TLS with certificates on both sides.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local docker = require("ggen.std.docker")
local engines = require("engine")
local fs = require("ggen.core.fs")
local process = require("ggen.core.process")

-- An authority, and certificates by it for a server and a client.
local MAKE = [[
set -e
new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $new -keyout ca.key -out ca.pem -subj /CN=authority -days 2
for name in server cert; do
  openssl req $new -keyout $name.key -out $name.csr -subj /CN=localhost
  printf 'subjectAltName=DNS:localhost' >$name.ext
  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
    -extfile $name.ext -out $name.pem
done
mv cert.key key.pem
]]

describe("an engine reached by TLS", function()
  local dir

  setup(function()
    dir = assert(fs.make_temp_dir("ggen-tls-"))
    local result = async.await(function(resume)
      return assert(process.run({ env = { PATH = os.getenv("PATH") }, cwd = dir,
        argv = { "sh", "-c", MAKE }, capture = 65536 }, resume))
    end)
    assert.equal(0, result.code, result.stderr)
  end)

  teardown(function() assert(fs.remove(dir, { recursive = true })) end)

  local function certificates()
    return { ca_file = dir .. "/ca.pem", cert_file = dir .. "/cert.pem",
      key_file = dir .. "/key.pem" }
  end

  it("is asked, and runs commands that need no input", function()
    local piece = engines.base64(engines.frame(1, "hi\n") .. engines.frame(2, "oops\n"))
    engines.serve({ engines.PONG, { body = "{}" }, { status = 201, body = '{"Id":"e1"}' },
      { pieces = { piece } }, { body = '{"Running":false,"ExitCode":3}' },
      { status = 201, body = '{"Id":"e2"}' },
      { pieces = { engines.base64(engines.frame(1, "x", 2)) } } },
      function(host, requests)
        local engine = assert(docker.connect({ host = host, tls = certificates() }))
        assert(engine:info())
        local exec = { cmd = { "sh" } }
        assert.same({ code = 3, stdout = "hi\n", stderr = "oops\n" }, engine:exec("db", exec))
        assert.equal("closed", (select(3, engine:exec("db", exec))))
        engines.wait(requests, 7)
        assert.equal("/v1.43/exec/e1/start", requests[4].path)
        local result, message, kind = engine:exec("db", { cmd = { "sh" }, stdin = "x" })
        assert.same({ nil, "no_engine" }, { result, kind })
        assert.matches("gives commands no standard input; use one that listens on a socket",
          message)
        result, message, kind = engine:attach("db", { tty = false })
        assert.same({ nil, "no_engine" }, { result, kind })
        assert.matches("nothing can be written to a process", message)
      end, dir)
  end)

  it("is not asked without a certificate of ours, or one of its own", function()
    engines.serve({ engines.PONG }, function(host, requests)
      local engine, message, kind = docker.connect({ host = host,
        tls = { ca_file = dir .. "/ca.pem" } })
      assert.is_nil(engine)
      assert.is_true(kind == "no_engine" or kind == "closed", kind)
      assert.is_string(message)
      engine, message, kind = docker.connect({ host = host })
      assert.same({ nil, "no_engine" }, { engine, kind })
      assert.is_string(message)
      assert.equal(0, #requests)
    end, dir)
  end)

  it("has its certificates in DOCKER_CERT_PATH", function()
    local found = docker.find({ DOCKER_HOST = "tcp://h", DOCKER_TLS_VERIFY = "1",
      DOCKER_CERT_PATH = dir })
    assert.same({ 2376, certificates() }, { found.port, found.tls })
  end)
end)
