// A headless Chromium of the system, and pages of `ggen-lua perf html` in it.
// SPDX-License-Identifier: MIT
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { write } from "./sample.mjs";

const { chromium } = createRequire(new URL("../../../web/package.json", import.meta.url))("playwright-core");
const base = mkdtempSync(join(tmpdir(), "ggen-html-"));
let made = 0;

export function launch() {
  const root = process.getuid() === 0;
  return chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: root ? ["--no-sandbox"] : [] });
}

export function clean() { rmSync(base, { recursive: true, force: true }); }

/** The file that the binary makes of a record and a history. */
export function reportOf(binary, record, lines, args = [], file = ".ggen/report.html") {
  const dir = join(base, String(++made));
  write(dir, record, lines);
  execFileSync(binary, ["-C", dir, "perf", "html", ...args], { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  return join(dir, file);
}

/** Changes the data in a report, past whatever checks a record on its way in. */
export function alter(file, change) {
  const html = readFileSync(file, "utf8"), mark = 'id="data">', from = html.indexOf(mark) + mark.length;
  const to = html.indexOf("</script>", from), data = JSON.parse(html.slice(from, to));
  change(data);
  writeFileSync(file, html.slice(0, from) + JSON.stringify(data).replaceAll("<", "\\u003c") + html.slice(to));
  return file;
}

/** Opens a file in a page of its own. `page.problems` gathers what the browser complains about. */
export async function open(browser, file, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: "en-GB", timezoneId: "UTC",
    colorScheme: "light", ...options });
  const page = await context.newPage();
  page.problems = [];
  page.on("console", message => page.problems.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", error => page.problems.push(`error: ${error.message}`));
  page.on("dialog", dialog => {
    page.problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", request => {
    if (!/^(file|data):/.test(request.url())) page.problems.push(`request: ${request.url()}`);
  });
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction(() => performance.getEntriesByName("ggen-drawn").length > 0);
  return page;
}

/** The text of each element that the selector finds, spaces as one. */
export function texts(page, selector) {
  return page.$$eval(selector, nodes => nodes.map(node => node.textContent.replace(/\s+/g, " ").trim()));
}

export async function text(page, selector) { return (await texts(page, selector))[0]; }

/** The text of an element that follows the pointer, which it does with the next frame: as soon as it is this. */
export async function becomes(page, selector, expected) {
  await page.waitForFunction(([where, source, flags]) => new RegExp(source, flags).test(document.querySelector(where)?.textContent),
    [selector, expected.source, expected.flags], { timeout: 5000 })
    .catch(async () => { throw new Error(`${selector}: ${expected} expected, found "${await text(page, selector)}"`); });
}

/** Where a moment of a lane of the timeline is on the screen. The small record shows [0, 12.5]. */
export async function placeOf(page, seconds, lane, span = 12.5) {
  await page.locator("#timeline").scrollIntoViewIfNeeded();
  const box = await page.locator("#timeline .u-over").boundingBox();
  return { x: box.x + seconds / span * box.width, y: box.y + box.height - 4 - (2 - lane) * 30 + 14 };
}

/** The colour of the timeline's canvas at a place on the screen, "#rrggbb". */
export function pixel(page, { x, y }) {
  return page.evaluate(([left, top]) => {
    const canvas = document.querySelector("#timeline canvas"), box = canvas.getBoundingClientRect();
    const ratio = canvas.width / box.width;
    const [r, g, b] = canvas.getContext("2d").getImageData((left - box.left) * ratio, (top - box.top) * ratio, 1, 1).data;
    return "#" + [r, g, b].map(part => part.toString(16).padStart(2, "0")).join("");
  }, [x, y]);
}

export function colorOf(page, name) {
  return page.evaluate(which => getComputedStyle(document.documentElement).getPropertyValue(`--${which}`).trim(), name);
}
