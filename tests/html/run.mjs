// The page of `perf html` in headless Chromium: are its numbers those of the record, does it do what
// it offers, is it harmless. Prints a line for each test that fails, and at the end the counts.
//   node tests/html/run.mjs BINARY [WORDS of the names of tests]
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { clean, launch } from "./lib/browser.mjs";
import numbers from "./numbers.mjs";
import use from "./use.mjs";
import looks from "./looks.mjs";
import hostile from "./hostile.mjs";
import empty from "./empty.mjs";

const binary = resolve(process.argv[2]), wanted = process.argv.slice(3).join(" ");
const tests = [];
for (const group of [numbers, use, looks, hostile, empty]) {
  group((name, act) => { if (name.includes(wanted)) tests.push({ name, act }); }, { binary, assert });
}

let passed = 0, next = 0;

// Takes test after test, in a browser of its own.
async function work() {
  const browser = await launch();
  try {
    while (next < tests.length) {
      const { name, act } = tests[next++];
      try {
        await act(browser);
        passed++;
      } catch (error) {
        console.log(`html: ${name}\n${error.stack}\n`);
      }
      for (const context of browser.contexts()) await context.close();
    }
  } finally {
    await browser.close();
  }
}

try {
  await Promise.all([work(), work()]);
} finally {
  clean();
}
console.log(`html: ${passed} passed, ${tests.length - passed} failed`);
process.exitCode = passed === tests.length && passed > 0 ? 0 : 1;
