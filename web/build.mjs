// Bundles the page: web/src and uPlot into one HTML file without data, and that into a Lua module
// that cmake/embed.lua puts into the binary. The script may run in a page because its digest is in
// the page's Content-Security-Policy: nothing that comes with the data can run.
//   node build.mjs OUT.html OUT.lua
// SPDX-License-Identifier: MIT
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const MOST = 400 * 1024;
const [htmlOut, luaOut] = process.argv.slice(2);

async function bundled(options) {
  const result = await build({ bundle: true, minify: true, write: false, target: "es2020", legalComments: "none",
    charset: "utf8", logLevel: "warning", ...options });
  return result.outputFiles[0].text.trim();
}

// As long strings of Lua, which keep every byte but a first line break.
function quoted(text) {
  let level = "=";
  while (text.includes(`]${level}]`)) level += "=";
  return `[${level}[\n${text}]${level}]`;
}

const script = (await bundled({ entryPoints: [join(here, "src/main.ts")], format: "iife" }))
  .replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
const style = await bundled({ entryPoints: [join(here, "src/style.css")] });
const uplotStyle = await bundled({ entryPoints: [join(here, "node_modules/uplot/dist/uPlot.min.css")] });
const hash = createHash("sha256").update(script).digest("base64");

let page = await readFile(join(here, "src/page.html"), "utf8");
const put = (mark, text) => { page = page.replace(mark, () => text); };
put("@LICENSE@", (await readFile(join(here, "node_modules/uplot/LICENSE"), "utf8")).replaceAll("--", ""));
put("@SCRIPT_HASH@", `sha256-${hash}`);
put("@STYLE@", uplotStyle + style);
put("@SCRIPT@", script);
if (Buffer.byteLength(page) > MOST) throw new Error(`the page has ${Buffer.byteLength(page)} bytes, more than ${MOST}`);
const [before, after] = page.split("@DATA@");
if (htmlOut) await writeFile(htmlOut, page);
if (luaOut) {
  await writeFile(luaOut, "-- Made by web/build.mjs: the page of `perf html`, before and after its data.\n"
    + `return {\n  before = ${quoted(before)},\n  after = ${quoted(after)},\n}\n`);
}
