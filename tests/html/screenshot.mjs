// The picture of the README: the page after some real runs of examples/shop, in a copy of it.
//   node tests/html/screenshot.mjs BINARY OUT.png [light|dark] [WIDTH] [HEIGHT]
// SPDX-License-Identifier: MIT
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { clean, launch, open } from "./lib/browser.mjs";

const [binary, out] = [resolve(process.argv[2]), resolve(process.argv[3])];
const colorScheme = process.argv[4] || "light";
const [width, height] = [Number(process.argv[5] || 1120), Number(process.argv[6] || 1290)];
const dir = mkdtempSync(join(tmpdir(), "ggen-picture-"));
const shop = join(dir, "shop");
const env = { ...process.env, GGEN_CACHE_DIR: join(dir, "cache"), GGEN_MACHINE: "linux-x86_64/2 cpus" };
for (const who of ["AUTHOR", "COMMITTER"]) {
  Object.assign(env, { [`GIT_${who}_NAME`]: "shop", [`GIT_${who}_EMAIL`]: "shop@example.invalid" });
}
const run = (program, ...args) => execFileSync(program, args, { cwd: shop, env, stdio: ["ignore", "pipe", "inherit"] });

// What somebody changes in the course of a day: a function or a record more in each.
const STORE = "packages/store/src", MAIN = "src/main.c";
const DAY = [[`${STORE}/cart.c`], [`packages/receipt/${MAIN}`], [`${STORE}/journal.c`], ["tests/day.sh"],
  [`packages/stock/${MAIN}`], [`${STORE}/catalog.c`], [`${STORE}/field.c`, "tests/day.sh"], [`packages/receipt/${MAIN}`],
  [`${STORE}/lines.c`], ["packages/schema/shop.schema"], [`${STORE}/money.c`, "tools/lint.sh"]];

let changes = 0;

function change(file) {
  const at = ++changes;
  appendFileSync(join(shop, file), file.endsWith(".c") ? `\nint changed_${at}(void);\nint changed_${at}(void) { return ${at}; }\n`
    : file.endsWith(".schema") ? `\nrecord changed_${at}\n  name text 8\nend\n` : `# ${at}\n`);
}

try {
  cpSync(fileURLToPath(new URL("../../examples/shop", import.meta.url)), shop, { recursive: true,
    filter: from => !/\/(build|\.ggen)(\/|$)/.test(from) });
  run("git", "init", "-q", "-b", "main");
  run(binary, "run");
  DAY.forEach((files, at) => {
    for (const file of files) change(file);
    run("git", "add", ".");
    run("git", "commit", "-q", "-m", `change ${at}`);
    // For the last run some results are gone from the tree, though not from the cache.
    if (at === DAY.length - 1) run("rm", "-r", "packages/schema/build", "packages/stock/build");
    run(binary, "run");
  });
  const report = join(dir, "report.html");
  run(binary, "perf", "html", "-o", report);
  const browser = await launch();
  const page = await open(browser, report, { viewport: { width, height }, colorScheme });
  await page.screenshot({ path: out });
  await browser.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
  clean();
}
