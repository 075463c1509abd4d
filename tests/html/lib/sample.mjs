// Records and histories for the tests: a small one whose numbers are known, and one of any size.
// SPDX-License-Identifier: MIT
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const MIB = 1024 * 1024;
const MACHINE = "linux-x86_64/2 cpus/24 GiB/sample cpu";

function task(id, start, duration, worker, more) {
  return { id, status: "ok", cache: "miss", start, duration, ran: duration, user: 0, sys: 0, peak_memory: 0, code: 0,
    attempts: 1, worker, needs: [], ...more };
}

/** Nine tasks on two workers: each kind of end once. At 3 s two of them run. */
export function smallRecord() {
  return {
    schema: "ggen-run", version: 1, id: "20261102T202300.123-f841ad", session: "s", time: "2026-11-02T20:23:00.123Z",
    ggen: "0.6.0", pipeline: "shop", command: ["run", "ci"], machine: MACHINE, jobs: 2, code: 1, status: "failed",
    git: { commit: "4f2c91a5e0b64f2c91a5e0b64f2c91a5e0b6aaaa", branch: "main", dirty: true },
    totals: { wall: 12.5, cpu: 17.25, critical_path: 12, tasks: 9, ok: 7, fresh: 2, restored: 1, ran: 5, failed: 1,
      optional: 0, skipped: 1, not_run: 0, hit_rate: 0.5, misses: 3, saved: 83, hashed: 5 * MIB, read: 0, written: 0,
      restored_bytes: 2048, outputs: { bytes: 1536, files: 3 }, peak_memory: 512 * MIB },
    critical_path: ["schema#build", "web#build", "web#test"],
    phases: [{ name: "release", start: 0, duration: 8, tasks: 4 }],
    tasks: [
      task("schema#build", 0, 2, 1, { reason: "schema.proto changed", user: 1.5, sys: 0.25, peak_memory: 100 * MIB }),
      task("web#lint", 0, 1, 2, { reason: "src/a.c changed", user: 0.5 }),
      task("docs#build", 1, 0.02, 2, { cache: "restored", ran: 0, saved: 3 }),
      task("web#build", 2, 6, 1, { reason: "schema#build made something else", user: 10, sys: 1,
        peak_memory: 512 * MIB, needs: [0] }),
      task("api#test", 2, 3, 2, { cache: "off", user: 2.7, peak_memory: 64 * MIB, attempts: 2, needs: [0] }),
      task("web#test", 8, 4, 1, { status: "failed", code: 2, message: "exit code 2", reason: "src/a.c changed",
        user: 1.3, needs: [3] }),
      { id: "deploy", status: "skipped", cache: "off", start: 12, duration: 0, code: 0, attempts: 0,
        reason: "needs web#test, which failed", needs: [5] },
    ],
    fresh: ["tools#build", "store#build"],
    notes: [{ level: "warning", text: "the cache could not be written: no space left on device" }],
  };
}

export function lineOf(record, more) {
  const { totals } = record;
  return { v: 1, id: record.id, session: record.session, time: record.time, pipeline: record.pipeline,
    command: record.command.join(" "), commit: "4f2c91a5e0b64f2c91a5e0b64f2c91a5e0b6aaaa", dirty: false,
    machine: record.machine, jobs: 2, code: record.code, status: record.status, wall: totals.wall, cpu: totals.cpu,
    critical_path: totals.critical_path, hit_rate: totals.hit_rate, tasks_total: totals.tasks, fresh: totals.fresh,
    misses: totals.misses, saved: totals.saved, hashed: 0, read: 0, written: 0, restored: 0, out_bytes: 0, out_files: 0,
    peak_memory: totals.peak_memory, phases: record.phases.map(({ name, duration }) => ({ name, duration })),
    tasks: record.tasks.filter(one => one.status !== "skipped").map(one => ({ id: one.id, duration: one.ran || one.duration,
      cpu: one.user + one.sys, peak_memory: one.peak_memory, cache: one.cache, code: one.code, retries: 0 })), ...more };
}

/** Eight runs of "run ci", of 10 to 16 s and then this one; before each of them one of "run lint". */
export function smallHistory(record) {
  const lines = [];
  for (let i = 0; i < 8; i++) {
    const time = `2026-11-0${1 + (i >> 2)}T1${i}:00:00.000Z`, own = i === 7;
    const tasks = [{ id: "web#build", duration: i === 3 ? 0.01 : 5 + i, cpu: 1, peak_memory: 1,
      cache: i === 3 ? "restored" : "miss", code: 0, retries: 0 }];
    lines.push(lineOf(record, { id: `lint-${i}`, time, command: "run lint", wall: 1, status: "ok", tasks: [] }));
    lines.push(own ? lineOf(record) : lineOf(record, { id: `ci-${i}`, time, wall: 10 + i, status: "ok", code: 0, tasks }));
  }
  return lines;
}

/** A run of `count` tasks on `workers` workers; each needs the one before it now and then. */
export function bigRecord(count, workers = 16) {
  const record = smallRecord(), free = new Array(workers).fill(0), tasks = [];
  let seed = 1;
  const random = () => (seed = seed * 48271 % 2147483647) / 2147483647;
  for (let i = 0; i < count; i++) {
    const worker = free.indexOf(Math.min(...free)), duration = 0.05 + random() ** 6 * 20;
    const restored = random() < 0.3;
    tasks.push(task(`packages/web${i >> 2}#${["gen", "build", "test", "pack"][i % 4]}`, +free[worker].toFixed(6),
      +(restored ? 0.01 : duration).toFixed(6), worker + 1, { cache: restored ? "restored" : "miss",
        reason: restored ? undefined : `packages/web${i >> 2}/src/file${i % 7}.c changed`, user: +(duration * 0.9).toFixed(6),
        peak_memory: Math.floor(random() * 200 * MIB), needs: i % 4 ? [i - 1] : [] }));
    free[worker] += restored ? 0.011 : duration + 0.001;
  }
  const wall = Math.max(...free);
  Object.assign(record, { tasks, fresh: [], phases: [], notes: [], jobs: workers,
    critical_path: tasks.filter((_one, i) => i % 97 === 0).map(one => one.id) });
  Object.assign(record.totals, { wall, tasks: count, fresh: 0 });
  return record;
}

/** A project that has these in .ggen/. */
export function write(dir, record, lines) {
  mkdirSync(join(dir, ".ggen/runs"), { recursive: true });
  writeFileSync(join(dir, "pipeline.lua"), 'return require("ggen").pipeline "shop"\n');
  const json = typeof record === "string" || Buffer.isBuffer(record) ? record : JSON.stringify(record);
  writeFileSync(join(dir, `.ggen/runs/${record.id || "20261102T202300.123-f841ad"}.json`), json);
  if (lines) writeFileSync(join(dir, ".ggen/history.jsonl"), lines.map(line => JSON.stringify(line) + "\n").join(""));
}
