// How long the page takes from the start of its loading to the first frame with everything in it,
// by its number of tasks. Prints a line: median, least, most (ms), bytes of the file, without data.
//   node tests/html/measure.mjs BINARY TASKS [ROUNDS]
// SPDX-License-Identifier: MIT
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { clean, launch, open, reportOf } from "./lib/browser.mjs";
import { bigRecord, lineOf } from "./lib/sample.mjs";

const [binary, tasks, rounds] = [resolve(process.argv[2]), Number(process.argv[3]), Number(process.argv[4] || 9)];
const record = bigRecord(tasks), lines = [];
for (let i = 0; i < 3; i++) lines.push(lineOf(record, { id: `run-${i}` }));
lines.push(lineOf(record));

const browser = await launch(), times = [];
try {
  const file = reportOf(binary, record, lines);
  for (let round = 0; round <= rounds; round++) {
    const page = await open(browser, file);
    const time = await page.evaluate(() => performance.getEntriesByName("ggen-drawn")[0].startTime);
    if (round > 0) times.push(time); // the first one warms up the disk
    await page.context().close();
  }
  times.sort((a, b) => a - b);
  const html = readFileSync(file), data = html.indexOf('id="data">'), end = html.indexOf("</script>", data);
  console.log([times[times.length >> 1], times[0], times[times.length - 1]].map(ms => Math.round(ms)).join("\t")
    + `\t${html.length}\t${html.length - (end - data)}`);
} finally {
  await browser.close();
  clean();
}
