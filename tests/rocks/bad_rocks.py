# Makes rocks that no project may take in, one a directory: NAME/ggen-scheduler-bad-1.0.0-1.ARCH.rock
# (NAME/rock says which file it is), and NAME/says with what the refusal says.
# Usage: bad_rocks.py DIRECTORY
# SPDX-License-Identifier: MIT
import io
import os
import sys
import tarfile
import zipfile

GOOD = """return { name = "bad", kind = "scheduler", version = "1.0.0", api = "^1", desc = "d",
  setup = function() return { priority = function() return 1 end } end }
"""
MODULE = "ggen/plugins/scheduler/bad.lua"
root = sys.argv[1]


def spec(package="ggen-scheduler-bad", version="1.0.0-1", build=None, more=""):
    build = build or """{ type = "builtin", modules = { ["ggen.plugins.scheduler.bad"] = "bad.lua" } }"""
    return f"""rockspec_format = "3.0"
package = "{package}"
version = "{version}"
source = {{ url = "file:///nowhere/bad.tar.gz" }}
dependencies = {{ "lua == 5.1" }}
build = {build}
{more}
"""


def write(name, says, data, file="ggen-scheduler-bad-1.0.0-1.all.rock"):
    os.makedirs(f"{root}/{name}")
    with open(f"{root}/{name}/{file}", "wb") as out:
        out.write(data)
    for what, text in (("rock", file), ("says", says)):
        with open(f"{root}/{name}/{what}", "w") as out:
            out.write(text)


def zipped(entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def link(name, target):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info, target


def rock(name, says, more=(), module=GOOD, rockspec=None, package="ggen-scheduler-bad", path=MODULE):
    """One with its modules ready."""
    entries = [(f"{package}-1.0.0-1.rockspec", rockspec or spec(package)), ("rock_manifest", "rock_manifest = {}")]
    if module is not None:
        entries.append((f"lua/{path}", module))
    write(name, says, zipped(entries + list(more)), f"{package}-1.0.0-1.all.rock")


def sources(name, says, inner=None, inner_name="bad.tar.gz", rockspec=None, files=()):
    """One of sources, in an archive within it or as they are."""
    text = rockspec or spec()
    if inner is None:
        text = text.replace("file:///nowhere/bad.tar.gz", "git+file:///nowhere/src")
    entries = [("ggen-scheduler-bad-1.0.0-1.rockspec", text)]
    if inner is not None:
        entries.append((inner_name, inner))
    write(name, says, zipped(entries + list(files)), "ggen-scheduler-bad-1.0.0-1.src.rock")


def tarred(entries):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data, kind, target in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, target, len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def table(**fields):
    text = GOOD
    for name, value in fields.items():
        before, after = text.split(f"{name} = ", 1)
        text = before + value + after[after.index(",") + 1 :] if value == "" else (
            before + f"{name} = {value}" + after[after.index(",") :])
    return text


# --- what the table of the plugin says ---
rock("wrong-kind", 'its kind is "cache"', module=table(kind='"cache"'))
rock("unknown-kind", 'unknown kind "scheduling"', module=table(kind='"scheduling"'))
rock("wrong-api", "written for level >=2", module=table(api='">=2"'))
rock("wrong-name", 'its name is "other"', module=table(name='"other"'))
rock("no-version", "version", module=table(version=""))
rock("no-desc", "desc", module=table(desc=""))
rock("no-setup", "setup", module=GOOD.replace("setup", "set_up"))
rock("nothing", "must return the plugin's table", module="local x = 1\n")
rock("permissions", "unknown permission", module=table(desc='"d", permissions = { "everything" }'))
rock("permissions-lines", "cannot be seen", module=table(desc='"d", permissions = { "fs:src\\n  has no permissions:ro" }'))
rock("permissions-turned", "cannot be seen", module=table(desc='"d", permissions = { "net:\\226\\128\\174moc.live" }'))
rock("permissions-flood", "asks for 51 permissions", module=table(desc='"d", permissions = { %s }' % ", ".join(f'"env:X{n}"' for n in range(51))))
rock("syntax", "expected", module="return {{{\n")
rock("loops", "the plugin scheduler.bad: ", module="while true do end\n")
rock("looping-tostring", "the plugin scheduler.bad: ", module="error(setmetatable({}, { __tostring = function() while true do end end }))\n")
rock("eats", "memory", module="local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end\n")
rock("bytecode", "compiled Lua", module=b"\x1bLJ\x02\x02")
rock("enormous", "more than 4194304 bytes", module="--" + "x" * (5 * 1024 * 1024))
rock("inner", "may not require", module='return require("ggen.run")\n')
rock("outside", "no module", module='return require("io")\n')

# --- its name and its place ---
rock("no-module", "has no ggen/plugins/scheduler/bad.lua", module=None, more=[("lua/bad.lua", "return 1")])
rock("shadows", "built-in", package="ggen-scheduler-fifo", path="ggen/plugins/scheduler/fifo.lua")
rock("host-module", "it has the module ggen/init.lua", more=[("lua/ggen/init.lua", "return {}")])
rock("host-itself", "it has the module ggen.lua", more=[("lua/ggen.lua", "return {}")])
rock("other-plugin", "it has the module ggen/plugins/cache/lru.lua", more=[("lua/ggen/plugins/cache/lru.lua", GOOD)])
rock("no-plugin", "no plugin", package="some-lib", path="some/lib.lua", module="return 1\n")
rock("no-kind", "has the module", package="ggen-nothing-bad", path="ggen/plugins/nothing/bad.lua")

# --- its rockspec ---
for kind in ("make", "cmake", "command", "rust-mlua"):
    sources(f"build-{kind}", f'built by "{kind}"', rockspec=spec(build=f'{{ type = "{kind}", build_command = "touch {root}/ran", install_command = "touch {root}/ran" }}'), files=[("src/bad.lua", GOOD)])
sources("c-module", "is in C", rockspec=spec(build='{ type = "builtin", modules = { bad = "bad.c" } }'), files=[("src/bad.c", "int x;")])
sources("c-sources", "is in C", rockspec=spec(build='{ type = "builtin", modules = { bad = { sources = { "bad.c" } } } }'), files=[("src/bad.c", "int x;")])
sources("c-found", "bad.c is in C", rockspec=spec(build='{ type = "builtin" }'), files=[("src/src/bad.c", "int x;")])
sources("platform", 'built by "command"', rockspec=spec(build='{ type = "builtin", modules = {}, platforms = { unix = { type = "command", build_command = "touch ran" } } }'), files=[("src/bad.lua", GOOD)])
sources("hooks", "hooks", rockspec=spec(more=f'hooks = {{ post_install = "touch {root}/ran" }}'), files=[("src/bad.lua", GOOD)])
sources("patches", "patches", rockspec=spec(build='{ type = "builtin", modules = {}, patches = { ["x.diff"] = "--- a" } }'), files=[("src/bad.lua", GOOD)])
sources("libraries", "compiled libraries", rockspec=spec(build='{ type = "none", install = { lib = { "x.so" } } }'), files=[("src/bad.lua", GOOD)])
sources("leaving", "leads out of it", rockspec=spec(build='{ type = "builtin", modules = { ["ggen.plugins.scheduler.bad"] = "../../../x.lua" } }'), files=[("src/bad.lua", GOOD)])
sources("leaving-root", "leads out of it", rockspec=spec(build='{ type = "builtin", modules = { ["ggen.plugins.scheduler.bad"] = "/etc/hosts.lua" } }'), files=[("src/bad.lua", GOOD)])
sources("copying", "leads out of it", rockspec=spec(build='{ type = "none", copy_directories = { "../.." } }'), files=[("src/bad.lua", GOOD)])
sources("spec-loops", "more than 2 s", rockspec="while true do end\n", files=[("src/bad.lua", GOOD)])
sources("spec-os", "os", rockspec=f'os.execute("touch {root}/ran")\n', files=[("src/bad.lua", GOOD)])
sources("spec-io", "io", rockspec=f'io.open("{root}/ran", "w")\n', files=[("src/bad.lua", GOOD)])
sources("spec-syntax", "unexpected symbol", rockspec="}{", files=[("src/bad.lua", GOOD)])
sources("spec-other", "is the rockspec of", rockspec=spec(version="2.0.0-1"), files=[("src/bad.lua", GOOD)])
sources("spec-empty", "names no package", rockspec="x = 1\n", files=[("src/bad.lua", GOOD)])

for name, says, source in (
    ("subversion", "git expected", 'url = "svn://-x/y"'),
    ("mercurial", "git expected", 'url = "hg+--config=x://y"'),
    ("no-source", "git expected", "branch = 1"),
    ("tag", "source.tag", 'url = "git+file:///x", tag = "--upload-pack=x"'),
    ("source-dir", "source.dir leads out", 'url = "git+file:///x", dir = "../../.."'),
    ("source-file", "source.file leads out", 'url = "file:///x", file = "/etc/passwd"'),
):
    sources(name, says, rockspec=spec(more=f"source = {{ {source} }}"), files=[("src/bad.lua", GOOD)])

sources("mixed-modules", "is in C", rockspec=spec(build='{ type = "builtin", modules = { "bad.lua", bad = "bad.c" } }'), files=[("src/bad.lua", GOOD)])

# --- its archive ---
rock("dots", "leads out of the archive", more=[(f"../../../../../../../../{root}/ran", "x")])
rock("inner-dots", "leads out of the archive", more=[("lua/../../../x.lua", "x")])
rock("absolute", "absolute", more=[(f"{root}/ran", "x")])
rock("backslash", "character", more=[("lua\\..\\x.lua", "x")])
rock("newline", "character", more=[("lua/a\nb.lua", "x")])
rock("linked", "is a link", more=[link("lua/etc", "/etc")])
rock("linked-file", "is a link", more=[link("lua/passwd.lua", "/etc/passwd")])
info, target = link("lua/passwd.lua", "/etc/passwd")
info.create_system = 16  # unzip makes links of other systems as well
rock("linked-elsewhere", "is a link", more=[(info, target)])
rock("compiled", "compiled code", more=[("lib/bad.so", "x")])
rock("many", "more than 10000 files", more=[(f"doc/{n}", "") for n in range(10001)])
rock("bomb", "MiB", more=[("doc/bomb", b"\0" * (130 * 1024 * 1024))])
write("no-zip", "no zip archive", b"this is no archive\n")
write("empty", "no zip archive", b"")
whole = zipped([("ggen-scheduler-bad-1.0.0-1.rockspec", spec()), (f"lua/{MODULE}", GOOD)])
write("cut", "no zip archive", whole[: len(whole) // 2])
write("damaged", "damaged", whole.replace(b"PK\1\2", b"PK\1\3", 1))
write("two-names", "another name", whole.replace(b"lua/ggen/plugins", b"../../../../../x", 1))
# Two directories: the one that the end names, and the one that unzip looks for in front of the end.
first, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
write("two-directories", "no zip archive", whole[:end] + whole[first:])
write("for-machine", "is compiled for linux-x86_64", whole, "ggen-scheduler-bad-1.0.0-1.linux-x86_64.rock")
write("lying-size", "ggen-scheduler-bad", whole[:22] + b"\1\0\0\0" + whole[26:].replace(b"PK\1\2", b"PK\1\2", 1)[:-60])
write("no-name", "NAME-VERSION", whole, "bad.rock")
write("other-name", "no ggen-scheduler-other-1.0.0-1.rockspec", whole, "ggen-scheduler-other-1.0.0-1.all.rock")
good = ("bad-1/bad.lua", GOOD.encode(), tarfile.REGTYPE, "")
sources("tar-dots", "leads out of the archive", tarred([good, ("../../x.lua", b"x", tarfile.REGTYPE, "")]))
sources("tar-absolute", "absolute", tarred([good, ("/tmp/x.lua", b"x", tarfile.REGTYPE, "")]))
sources("tar-link", "is a link", tarred([good, ("bad-1/etc", b"", tarfile.SYMTYPE, "/etc")]))
sources("tar-hard-link", "is a link", tarred([good, ("bad-1/passwd", b"", tarfile.LNKTYPE, "/etc/passwd")]))
sources("tar-device", "no file", tarred([good, ("bad-1/null", b"", tarfile.CHRTYPE, "")]))
pax = tarfile.TarInfo("bad-1/bad.lua")
pax.pax_headers, pax.size = {"size": "512"}, 0
buffer = io.BytesIO()
with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
    archive.addfile(pax)
sources("tar-two-sizes", "two sizes", buffer.getvalue())
sources("tar-cut", "bad.tar.gz", tarred([good])[:-30])
sources("tar-no", "bad.tar.gz", b"this is no archive\n")
sources("tar-long", "leads out of the archive", tarred([good, ("bad-1/" + "x" * 120 + "/../../../../y.lua", b"x", tarfile.REGTYPE, "")]))
sources("xz", "looked into", b"x", "bad.tar.xz")
