// From the data of the page to what the parts of it draw: whatever is missing, negative or absurd
// becomes something that can be shown. Knows no DOM.
// SPDX-License-Identifier: MIT
import type { RawLine, RawPage, RawSeries, RawTask, Totals } from "./types";

/** How a task ended, for colours and filters. */
export type Kind = "ran" | "off" | "restored" | "fresh" | "failed" | "skipped";

export const KINDS: { kind: Kind; label: string; mark: string; what: string }[] = [
  { kind: "ran", label: "Ran", mark: "●", what: "a miss: it ran, and its result was kept" },
  { kind: "off", label: "Ran, not cached", mark: "◆", what: "it has no cache, so it always runs" },
  { kind: "restored", label: "Restored", mark: "↺", what: "a hit: its outputs came from the cache" },
  { kind: "fresh", label: "Up to date", mark: "✓", what: "a hit: its outputs were in place" },
  { kind: "failed", label: "Failed", mark: "✕", what: "it ended with an error" },
  { kind: "skipped", label: "Skipped", mark: "–", what: "it had no turn" },
];

export interface Row {
  index: number; // in rows
  id: string; kind: Kind; status: string; reason: string; message: string;
  timed: boolean; // had a turn
  start: number; end: number; duration: number; cpu: number; memory: number;
  lane: number; // -1: not in the timeline
  worker: number; code: number; attempts: number; signal: string; saved: number;
  needs: number[]; critical: boolean;
}

export interface Model {
  page: RawPage; totals: Totals; pipeline: string; command: string; jobs: number;
  rows: Row[]; // those with a turn first, in the order of start
  lanes: Row[][]; // by worker, each in the order of start
  path: Row[]; // the critical path
  span: number; // seconds that the timeline shows
  phases: { name: string; start: number; end: number; tasks: number }[];
  runs: RawLine[]; series: { phases: RawSeries[]; tasks: RawSeries[] };
  notes: { level: string; text: string }[];
}

export function list<T>(value: unknown): T[] { return Array.isArray(value) ? value as T[] : []; }

const MOST = 1e12; // beyond it nobody measured anything

export function number(value: unknown): number {
  return typeof value === "number" && value > 0 && value < MOST * 1e6 ? value : 0;
}

function seconds(value: unknown): number { return Math.min(number(value), MOST); }

/** Text without what would move the letters around it: control characters, changes of direction. */
export function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  return String(value).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    c => c === "\n" || c === "\t" ? " " : "\ufffd");
}

function kindOf(task: RawTask): Kind {
  if (task.status === "failed" || task.status === "optional") return "failed";
  if (task.status === "skipped") return "skipped";
  if (task.cache === "restored" || task.cache === "fresh" || task.cache === "off") return task.cache;
  return "ran";
}

function rowOf(task: RawTask, index: number, count: number): Row {
  const start = seconds(task.start), duration = seconds(task.duration);
  const kind = kindOf(task);
  return {
    index, id: text(task.id), kind, status: text(task.status), reason: text(task.reason),
    message: text(task.message), timed: kind !== "skipped", start, duration, end: start + duration,
    cpu: seconds(task.user) + seconds(task.sys), memory: number(task.peak_memory), lane: -1,
    worker: Math.floor(number(task.worker)),
    code: typeof task.code === "number" ? task.code : 0,
    attempts: Math.max(1, number(task.attempts)), signal: text(task.signal),
    saved: seconds(task.saved),
    needs: list<number>(task.needs).filter(at => Number.isInteger(at) && at >= 0 && at < count),
    critical: false,
  };
}

function freshRow(id: unknown, index: number): Row {
  return { index, id: text(id), kind: "fresh", status: "ok", reason: "", message: "", timed: false,
    start: 0, end: 0, duration: 0, cpu: 0, memory: 0, lane: -1, worker: 0, code: 0, attempts: 1,
    signal: "", saved: 0, needs: [], critical: false };
}

function lanesOf(rows: Row[]): Row[][] {
  const workers = new Map<number, Row[]>();
  for (const row of rows) {
    if (!row.timed || row.worker < 1) continue;
    const lane = workers.get(row.worker);
    if (lane) lane.push(row); else workers.set(row.worker, [row]);
  }
  const lanes = [...workers.keys()].sort((a, b) => a - b).map(worker => workers.get(worker)!);
  lanes.forEach((lane, at) => {
    lane.sort((a, b) => a.start - b.start || a.end - b.end);
    for (const row of lane) row.lane = at;
  });
  return lanes;
}

function pathOf(rows: Row[], ids: unknown): Row[] {
  const byId = new Map<string, Row>();
  for (const row of rows) if (row.timed && !byId.has(row.id)) byId.set(row.id, row);
  const path: Row[] = [];
  for (const id of list<string>(ids)) {
    const row = byId.get(text(id));
    if (row && !row.critical) {
      row.critical = true;
      path.push(row);
    }
  }
  return path;
}

function seriesOf(value: unknown): RawSeries[] {
  return list<RawSeries | null>(value).filter((one): one is RawSeries => !!one && Array.isArray(one.values))
    .map(one => ({ name: text(one.name), values: one.values.map(at => typeof at === "number" && at >= 0 ? at : null) }));
}

export function read(page: RawPage): Model {
  const record = page.record, tasks = list<RawTask>(record.tasks);
  const rows = tasks.map((task, at) => rowOf(task, at, tasks.length));
  for (const id of list(record.fresh)) rows.push(freshRow(id, rows.length));
  const totals = { ...record.totals };
  for (const key of Object.keys(totals) as (keyof Totals)[]) {
    if (key !== "hit_rate" && key !== "outputs") totals[key] = number(totals[key]);
  }
  if (typeof totals.hit_rate !== "number") totals.hit_rate = null;
  const lanes = lanesOf(rows);
  let span = totals.wall;
  for (const lane of lanes) for (const row of lane) if (row.end > span) span = row.end;
  const history = page.history;
  return {
    page, totals, rows, lanes, span: span || 1,
    pipeline: text(record.pipeline) || "pipeline", command: list(record.command).map(text).join(" "),
    jobs: number(record.jobs), path: pathOf(rows, record.critical_path),
    phases: list<Model["phases"][0] & { duration: number }>(record.phases).map(phase => ({
      name: text(phase.name), start: seconds(phase.start), tasks: number(phase.tasks),
      end: seconds(phase.start) + seconds(phase.duration) })),
    runs: list<RawLine>(history.runs),
    series: { phases: seriesOf(history.phases), tasks: seriesOf(history.tasks) },
    notes: list<{ level: string; text: string }>(record.notes),
  };
}
