// The picture of the README: the page after some real runs of examples/shop, in a copy of it.
//   node tests/html/screenshot.mjs BINARY OUT.png [light|dark] [WIDTH] [HEIGHT]
// SPDX-License-Identifier: MIT
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { clean, launch, open } from "./lib/browser.mjs";

const [binary, out] = [resolve(process.argv[2]), resolve(process.argv[3])];
const [colorScheme, width, height] = [process.argv[4] || "light", Number(process.argv[5] || 1120), Number(process.argv[6] || 980)];
const dir = mkdtempSync(join(tmpdir(), "ggen-picture-"));
const shop = join(dir, "shop");
const env = { ...process.env, GGEN_CACHE_DIR: join(dir, "cache"), GGEN_MACHINE: "linux-x86_64/2 cpus",
  GIT_AUTHOR_NAME: "shop", GIT_AUTHOR_EMAIL: "shop@example.invalid", GIT_COMMITTER_NAME: "shop", GIT_COMMITTER_EMAIL: "shop@example.invalid" };
const run = (program, ...args) => execFileSync(program, args, { cwd: shop, env, stdio: ["ignore", "pipe", "inherit"] });

// What somebody changes in the course of a day.
const DAY = ["packages/store/src/cart.c", "packages/receipt/src/main.c", null, "packages/store/include/money.h",
  "tests/day.sh", "packages/stock/src/main.c", "packages/store/src/journal.c", null, "packages/store/src/catalog.c",
  "packages/schema/shop.schema", "packages/store/src/money.c", "packages/receipt/src/main.c"];

try {
  cpSync(resolve(import.meta.dirname ?? ".", "../../examples/shop"), shop, { recursive: true,
    filter: from => !/\/(build|\.ggen)(\/|$)/.test(from) });
  run("git", "init", "-q", "-b", "main");
  run(binary, "run");
  DAY.forEach((file, at) => {
    if (file) appendFileSync(join(shop, file), file.endsWith(".c") ? `/* ${at} */\nextern int changed_${at};\n`
      : file.endsWith(".h") ? `/* ${at} */\n` : `# ${at}\n`);
    run("git", "add", ".");
    run("git", "commit", "-q", "--allow-empty", "-m", `change ${at}`);
    run(binary, "run");
  });
  const report = join(dir, "report.html");
  run(binary, "perf", "html", "--run", process.env.GGEN_PICTURE_RUN || "last~3", "-o", report);
  const browser = await launch();
  const page = await open(browser, report, { viewport: { width, height }, colorScheme });
  await page.screenshot({ path: out });
  await browser.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
  clean();
}
