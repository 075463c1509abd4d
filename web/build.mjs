// Bundles the page: web/src and uPlot into one HTML file without data, and that into a Lua module
// that cmake/embed.lua puts into the binary. The script may run in a page because its digest is in
// the page's Content-Security-Policy: nothing that comes with the data can run.
//   node build.mjs OUT.html OUT.lua
// SPDX-License-Identifier: MIT
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const MOST = 400 * 1024;
const [htmlOut, luaOut] = process.argv.slice(2);

async function bundled(options) {
  const result = await build({ bundle: true, minify: true, write: false, target: "es2020", legalComments: "none",
    charset: "utf8", logLevel: "warning", ...options });
  return result.outputFiles[0].text.trim();
}

// Bytes as a string of Lua.
function quoted(bytes) {
  return '"' + Array.from(bytes, byte => "\\" + String(byte).padStart(3, "0")).join("") + '"';
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
if (page.split("@DATA@").length !== 2) throw new Error("the page has not one place for its data");
if (htmlOut) await writeFile(htmlOut, page);
if (luaOut) {
  await writeFile(luaOut, "-- Made by web/build.mjs: the page of `perf html`, packed with DEFLATE; @DATA@ is for its data.\n"
    + `return ${quoted(deflateRawSync(page, { level: 9 }))}\n`);
}
