-- The binding; what files do is tested in tests/unit/base/file_test.cpp.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local function refused(kind, message, value, text, got)
  assert.is_nil(value)
  assert.equal(kind, got)
  if message then assert.equal(message, text) end
end

describe("fs", function()
  local dir

  before_each(function() dir = assert(fs.make_temp_dir("ggen-spec-")) end)
  after_each(function() assert(fs.remove(dir, { recursive = true })) end)

  it("writes and reads any bytes", function()
    local long = ("\0\255\n"):rep(400000)
    for _, bytes in ipairs({ "", "a\0b", "\255\254", long }) do
      assert.is_true(fs.write(dir .. "/f", bytes))
      assert.equal(bytes, fs.read(dir .. "/f"))
    end
    assert.same({ { name = "f", type = "file" } }, fs.list(dir))
  end)

  it("refuses to read more than asked for", function()
    fs.write(dir .. "/f", "12345")
    assert.equal("12345", fs.read(dir .. "/f", 5))
    refused("limit", "read " .. dir .. "/f: more than 4 bytes", fs.read(dir .. "/f", 4))
    assert.equal("12345", fs.read(dir .. "/f", math.huge))
    assert.error_matches(function() fs.read(dir .. "/f", -1) end, "a number of bytes expected")
  end)

  it("describes files", function()
    fs.write(dir .. "/f", "12345")
    assert.equal(0, os.execute(("chmod 640 %s/f && ln -s f %s/link && mkfifo %s/pipe"):format(dir,
      dir, dir)))
    local info = assert(fs.stat(dir .. "/f"))
    assert.equal("file", info.type)
    assert.equal(5, info.size)
    assert.equal(tonumber("640", 8), info.mode)
    assert.is_true(math.abs(info.mtime - os.time()) < 60)
    assert.equal("file", fs.stat(dir .. "/link").type)
    assert.equal("link", fs.stat(dir .. "/link", { follow = false }).type)
    assert.equal("directory", fs.stat(dir).type)
    assert.equal("other", fs.stat(dir .. "/pipe").type)
    refused("not_found", "stat " .. dir .. "/none: No such file or directory",
      fs.stat(dir .. "/none"))
    refused("invalid", "read " .. dir .. "/pipe: not a regular file", fs.read(dir .. "/pipe"))
  end)

  it("makes, lists, renames and removes", function()
    assert.is_true(fs.mkdir(dir .. "/a/b/c"))
    assert.is_true(fs.mkdir(dir .. "/a/b/c"))
    fs.write(dir .. "/a/f", "")
    assert.same({ { name = "b", type = "directory" }, { name = "f", type = "file" } },
      fs.list(dir .. "/a"))
    refused("exists", "mkdir " .. dir .. "/a/f: File exists", fs.mkdir(dir .. "/a/f"))
    refused("exists", "remove " .. dir .. "/a: Directory not empty "
      .. "(recursive = true removes it with all that is in it)", fs.remove(dir .. "/a"))
    assert.is_true(fs.rename(dir .. "/a", dir .. "/z"))
    assert.is_true(fs.remove(dir .. "/z", { recursive = true }))
    refused("not_found", nil, fs.remove(dir .. "/z", { recursive = true }))
    refused("not_found", nil, fs.rename(dir .. "/a", dir .. "/z"))
    refused("not_found", nil, fs.list(dir .. "/z"))
    assert.same({}, fs.list(dir))
  end)

  it("never removes what a link points at", function()
    fs.mkdir(dir .. "/keep")
    fs.write(dir .. "/keep/f", "x")
    fs.mkdir(dir .. "/tree")
    assert.equal(0, os.execute(("ln -s ../keep %s/tree/link"):format(dir)))
    assert.is_true(fs.remove(dir .. "/tree", { recursive = true }))
    assert.equal("x", fs.read(dir .. "/keep/f"))
  end)

  it("finds files by globs", function()
    for _, path in ipairs({ "src/a.c", "src/deep/b.c", "src/b.h", ".git/c.c", ".ggen/d.c" }) do
      fs.mkdir(dir .. "/" .. path:match("^(.*)/"))
      fs.write(dir .. "/" .. path, "")
    end
    assert.same({ "src/a.c", "src/deep/b.c" }, fs.glob(dir, "**/*.c"))
    assert.same({ "src/b.h" }, fs.glob(dir, { "src/**", "!**/*.c" }))
    assert.same({}, fs.glob(dir, {}))
    assert.same({}, fs.glob(dir, "none/**"))
    refused("not_found", nil, fs.glob(dir .. "/none", "**"))
    refused("invalid",
      'glob "[", character 1: "[" is not closed (write "\\[" for the character itself)',
      fs.glob(dir, { "**", "!["}))
    assert.error_matches(function() fs.glob(dir, { "a", 1 }) end, "pattern 2 is not a string")
    assert.error_matches(function() fs.glob(dir) end, "table expected")
  end)

  it("matches a glob with a path", function()
    assert.is_true(fs.match("src/**/*.{c,h}", "src/x/a.h"))
    assert.is_false(fs.match("*", "a/b"))
    assert.is_true(fs.match("a\0?", "a\0\255"))
    refused("invalid", nil, fs.match("{", "a"))
    refused("limit", "a glob of 100000 bytes is too long (at most 16384)",
      fs.match(("*"):rep(100000), "a"))
    assert.is_false(fs.match(("*a"):rep(5000), ("a"):rep(4999)))
    assert.is_true(fs.match(("*a"):rep(5000), ("a"):rep(5000)))
  end)

  it("knows where it is, and what can be executed", function()
    assert.equal("/", fs.cwd():sub(1, 1))
    assert.equal(fs.realpath("."), fs.cwd())
    assert.is_true(fs.executable("/bin/sh"))
    assert.is_false(fs.executable(dir))
    fs.write(dir .. "/f", "")
    assert.is_false(fs.executable(dir .. "/f"))
    assert.is_false(fs.is_tty(99))
    assert.equal(dir, fs.temp_dir() .. "/" .. dir:match("[^/]*$"))
    assert.equal("directory", fs.stat(fs.temp_dir()).type)
  end)

  it("makes temporary directories that nobody else can enter", function()
    assert.equal(tonumber("700", 8), fs.stat(dir).mode)
    local other = assert(fs.make_temp_dir())
    assert.matches("/ggen%-%w+$", other)
    assert.is_true(fs.remove(other))
    refused("not_found", nil, fs.make_temp_dir("none/x"))
  end)

  it("refuses paths that C would cut short, and empty ones", function()
    for _, name in ipairs({ "read", "stat", "list", "mkdir", "remove", "realpath" }) do
      local value, message, kind = fs[name]("/tmp\0/x")
      assert.same({ nil, "invalid" }, { value, kind })
      assert.matches("NUL byte", message)
      refused("invalid", nil, fs[name](""))
    end
    refused("invalid", nil, fs.write(dir .. "/a\0b", "x"))
    refused("invalid", nil, fs.rename(dir, "a\0b"))
    refused("invalid", nil, fs.remove("a\0b", { recursive = true }))
    assert.is_false(fs.executable("/bin/sh\0x"))
    refused("invalid", nil, fs.read("/" .. ("x"):rep(1024 * 1024)))
  end)

  it("takes names of any bytes", function()
    local name = dir .. "/\255 \n'\""
    assert.is_true(fs.write(name, "x"))
    assert.equal("\255 \n'\"", fs.list(dir)[1].name)
    assert.same({ "\255 \n'\"" }, fs.glob(dir, "?*"))
  end)

  it("raises for wrong arguments", function()
    assert.error_matches(function() fs.read() end, "string expected, got no value")
    assert.error_matches(function() fs.write(dir .. "/f") end, "string expected")
    assert.error_matches(function() fs.stat(dir, 1) end, "table expected")
    assert.error_matches(function() fs.match("a") end, "string expected")
  end)
end)
