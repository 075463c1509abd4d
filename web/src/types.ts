// What lua/ggen/perf/html.lua puts into the page: a run record as docs/formats.md has it, and the
// history in columns. All of it may be damaged or hostile: data.ts reads it with care.
// SPDX-License-Identifier: MIT

export interface Totals {
  wall: number; cpu: number; critical_path: number;
  tasks: number; ok: number; fresh: number; restored: number; ran: number;
  failed: number; optional: number; skipped: number; not_run: number;
  hit_rate: number | null; misses: number; saved: number;
  hashed: number; read: number; written: number; restored_bytes: number;
  outputs?: { bytes: number; files: number };
  peak_memory: number;
}

export interface RawTask {
  id: string; workspace?: string; status: string; cache: string; reason?: string;
  start: number; duration: number; ran?: number; user?: number; sys?: number;
  peak_memory?: number; code?: number; attempts?: number; worker?: number;
  message?: string; signal?: string | number; saved?: number; needs?: number[];
}

export interface RawRecord {
  id: string; session?: string; time: string; ggen?: string; pipeline?: string; command?: string[];
  git?: { commit?: string; branch?: string; dirty?: boolean | null };
  machine?: string; jobs?: number; code: number; status: string;
  totals: Totals; critical_path: string[];
  phases: { name: string; start: number; duration: number; tasks: number }[];
  tasks: RawTask[]; fresh: string[]; notes: { level: string; text: string }[];
}

/** One line of the history without its tasks. */
export interface RawLine {
  id: string; time: string; command?: string; commit?: string; dirty?: boolean; status: string;
  wall: number; cpu: number; critical_path: number; hit_rate: number | null;
  misses: number; tasks_total: number; peak_memory: number;
}

/** Durations of one task or phase, one for each run; null where it did not run. */
export interface RawSeries { name: string; values: (number | null)[] }

export interface RawPage {
  schema: string; made: string; ggen: string; record: RawRecord;
  history: {
    runs: RawLine[]; phases: RawSeries[]; tasks: RawSeries[];
    damaged: number; left_out: number;
  };
}
