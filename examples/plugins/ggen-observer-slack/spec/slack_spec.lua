-- Runs that tell a webhook how they end: the real program, and a real server on this machine.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local sh = ggen.std.sh

local FILE = "lua/ggen/plugins/observer/slack.lua"
local SECRET = "/services/T000/B000/very-secret"

local PIPELINE = [[
local p = require("ggen").pipeline "shop"
p:use "observer.slack" { on = os.getenv("ON"), wait = os.getenv("WAIT"),
  mention = { "@here", "U024BE7LH", "S0614TZR7" } }
p:task "build" { run = "true", cache = false }
p:task "test" { run = "if [ -e broken ]; then seq 20; echo '<!channel> & `x`'; exit 3; fi",
  cache = false }
return p
]]

describe("observer.slack", function()
  local dir, service

  local function write(name, text)
    assert(ggen.files.write(dir .. "/" .. name, text))
  end

  -- What the plugin may reach, and nothing else: the test's own server in the place of Slack's.
  before_each(function()
    dir = assert(sh.capture({ "mktemp", "-d" })):gsub("%s+$", "")
    local text = assert(ggen.files.read(FILE))
    write("lua/ggen/plugins/observer/slack.lua", (text:gsub("net:hooks%.slack%.com:443",
      "net:127.0.0.1")))
    write("pipeline.lua", PIPELINE)
    service = nil
  end)
  after_each(function()
    if service then service:stop() end
    sh.run({ "rm", "-rf", dir })
  end)

  local function listen(...)
    service = assert(ggen.local_service.start({ run = { "python3", "spec/support/hook.py",
      dir .. "/requests", ... } }))
    return ("http://127.0.0.1:%d%s"):format(service.port, SECRET)
  end

  local function run(url, env, ...)
    local all = { LUA_PATH = dir .. "/lua/?.lua;;", SLACK_WEBHOOK_URL = url, ON = "change",
      WAIT = "30s",
      GGEN_CACHE_DIR = dir .. "/cache", GITHUB_SERVER_URL = "", CI_JOB_URL = "https://ci.test/7" }
    for name, value in pairs(env or {}) do all[name] = value end
    local result = assert(sh.run({ "ggen-lua", "-C", dir, "run", "--output", "none", ... },
      { env = all }))
    return result.stdout .. result.stderr, result.code
  end

  local function requests()
    local list = {}
    for text in (ggen.files.read(dir .. "/requests") or ""):gmatch("[^\n]+") do
      list[#list + 1] = assert(ggen.json.decode(text))
    end
    return list
  end

  -- All texts of a message as one.
  local function texts(message)
    local list = {}
    local function add(value)
      for _, each in pairs(value) do
        if type(each) == "table" then add(each) elseif type(each) == "string" then
          list[#list + 1] = each
        end
      end
    end
    add(message)
    return table.concat(list, "\n")
  end

  it("tells what failed, with its last lines, and that it is well again", function()
    local url = listen()
    write("broken", "")
    run(url)
    assert(sh.run({ "rm", dir .. "/broken" }))
    run(url)
    run(url)
    local all = requests()
    assert.equal(2, #all)
    assert.equal(SECRET, all[1].path)
    assert.equal("application/json", all[1].type)

    local failed = all[1].message
    assert.equal("\226\156\151 shop failed", failed.text)
    assert.same({ "header", "section", "section", "context" }, { failed.blocks[1].type,
      failed.blocks[2].type, failed.blocks[3].type, failed.blocks[4].type })
    assert.same({ type = "plain_text", emoji = false, text = "\226\156\151 shop failed" },
      failed.blocks[1].text)
    local head = failed.blocks[2].text.text
    assert.truthy(head:find("^<!here> <@U024BE7LH> <!subteam%^S0614TZR7> `run [^`]*` after "))
    assert.truthy(head:find("<https://ci.test/7|the job>", 1, true), head)
    assert.truthy(failed.blocks[3].text.text:find("*`test`* exit code 3\n```14\n", 1, true),
      failed.blocks[3].text.text)
    assert.truthy(failed.blocks[4].elements[1].text:find("^1 failed, 1 ok"))

    assert.equal("\226\156\147 shop is well again", all[2].message.text)
    assert.falsy(texts(all[2].message):find("<!here>", 1, true))
  end)

  it("lets nothing that is printed mention anybody, or end the code that it stands in", function()
    local url = listen()
    write("broken", "")
    run(url)
    local text = texts(requests()[1].message)
    assert.truthy(text:find("&lt;!channel&gt; &amp; \203\139x\203\139```", 1, true), text)
    assert.falsy(text:find("<!channel>", 1, true))
  end)

  it("keeps to the sizes that Slack takes", function()
    local url = listen()
    write("pipeline.lua", [[
      local p = require("ggen").pipeline(("<&>"):rep(100))
      p:use "observer.slack" { most = 40, lines = 50 }
      for i = 1, 60 do
        p:task("t" .. i .. ("x"):rep(120)) { cache = false,
          run = "head -c 30000 /dev/zero | tr '\\0' '<' | fold -w 1000; exit 1" }
      end
      return p
    ]])
    run(url, nil, "-k")
    local message = requests()[1].message
    assert.is_true(#message.blocks <= 50)
    assert.is_true(#message.blocks[1].text.text <= 150)
    for i = 2, #message.blocks do
      local block = message.blocks[i]
      local text = (block.text or block.elements[1]).text
      assert.is_true(#text > 0 and #text <= 3000, #text)
      assert.falsy(i > 2 and text:gsub("&[lg]t;", ""):gsub("&amp;", ""):find("[&<]"))
    end
    assert.truthy(message.blocks[#message.blocks - 1].text.text:find("^and 20 more$"))
  end)

  it("tells only what it is asked to tell", function()
    local url = listen()
    run(url)
    run(url, { ON = "failure" })
    assert.equal(0, #requests())
    run(url, { ON = "always" })
    write("broken", "")
    run(url, { ON = "failure" })
    assert(sh.run({ "rm", dir .. "/broken" }))
    run(url, { ON = "failure" })
    local words = {}
    for i, request in ipairs(requests()) do words[i] = request.message.text end
    assert.same({ "\226\156\147 shop is done", "\226\156\151 shop failed" }, words)
  end)

  it("waits when it is asked to, and tries again", function()
    local url = listen("429", "200")
    local output = run(url, { ON = "always" })
    assert.equal(2, #requests())
    assert.falsy(output:find("slack:", 1, true), output)
  end)

  it("says what Slack has against a message, without the address", function()
    local output, code = run(listen("404"), { ON = "always" })
    assert.equal(0, code)
    assert.truthy(output:find("warning: slack: 127.0.0.1:%d+ answered 404: no_service"), output)
    assert.falsy(output:find("secret", 1, true), output)
  end)

  it("leaves what could not be sent to the next run", function()
    local url = listen()
    service:stop()
    local output, code = run(url, { ON = "always", WAIT = "700ms" })
    assert.equal(0, code)
    assert.truthy(output:find("the next run sends it", 1, true), output)
    assert.falsy(output:find("secret", 1, true), output)
    run(listen(), { ON = "failure" })
    assert.equal(1, #requests())
  end)

  it("may talk to Slack alone", function()
    write("lua/ggen/plugins/observer/slack.lua", assert(ggen.files.read(FILE)))
    local output, code = run(listen(), { ON = "always" })
    assert.equal(0, code)
    assert.truthy(output:find("slack: [^\n]*net:"), output)
    assert.equal(0, #requests())
  end)

  it("does nothing without an address, and refuses one that everybody can read", function()
    local output, code = run("", { ON = "always" })
    assert.equal(0, code)
    assert.falsy(output:find("slack", 1, true), output)
    for address, words in pairs({ ["http://example.org/x"] = "has to begin with https://",
      ["hooks.slack.com/x"] = "begins with https:// is expected" }) do
      output, code = run(address)
      assert.equal(2, code)
      assert.truthy(output:find("the variable SLACK_WEBHOOK_URL: ", 1, true), output)
      assert.truthy(output:find(words, 1, true), output)
      assert.falsy(output:find(address, 1, true), output)
    end
  end)

  it("does not take names for mentions: Slack would not know them", function()
    write("pipeline.lua", (PIPELINE:gsub('"@here"', '"@ada"')))
    local output, code = run("")
    assert.equal(2, code)
    assert.truthy(output:find('"@here", "@channel", or the id of a member', 1, true), output)
  end)
end)
