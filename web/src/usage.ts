// Processors and memory over time, from what each task used in all: its processor time is spread
// evenly over its duration, its peak of memory counted for all of it. Knows no DOM.
// SPDX-License-Identifier: MIT
import type { Row } from "./data";

export interface Usage {
  times: number[]; cores: number[]; memory: number[]; running: number[];
  mostCores: number; mostMemory: number;
}

export function usageOf(rows: Row[], span: number): Usage {
  const timed = rows.filter(row => row.timed && row.duration > 0);
  // Each task twice: at its start and at its end, +1 and -1.
  const order = new Array<number>(timed.length * 2);
  for (let i = 0; i < order.length; i++) order[i] = i;
  const at = (event: number) => event & 1 ? timed[event >> 1].end : timed[event >> 1].start;
  order.sort((a, b) => at(a) - at(b) || (b & 1) - (a & 1));
  const usage: Usage = { times: [0], cores: [0], memory: [0], running: [0], mostCores: 0, mostMemory: 0 };
  let cores = 0, memory = 0, running = 0;
  for (const event of order) {
    const row = timed[event >> 1], sign = event & 1 ? -1 : 1, time = at(event);
    cores += sign * row.cpu / row.duration;
    memory += sign * row.memory;
    running += sign;
    if (running === 0) cores = memory = 0; // no rests of rounding
    let last = usage.times.length - 1;
    if (usage.times[last] !== time) {
      usage.times.push(time);
      last++;
    }
    usage.cores[last] = Math.max(cores, 0);
    usage.memory[last] = Math.max(memory, 0);
    usage.running[last] = running;
  }
  if (usage.times[usage.times.length - 1] < span) {
    usage.times.push(span);
    usage.cores.push(0);
    usage.memory.push(0);
    usage.running.push(0);
  }
  for (const value of usage.cores) if (value > usage.mostCores) usage.mostCores = value;
  for (const value of usage.memory) if (value > usage.mostMemory) usage.mostMemory = value;
  return usage;
}

/** The same in equal parts of [from, to]: the mean of the processors, the most of the memory. */
export function binned(usage: Usage, from: number, to: number, parts: number): [number[], number[], number[]] {
  const { times } = usage, step = (to - from) / parts;
  const at: number[] = [], cores: number[] = [], memory: number[] = [];
  let event = placeOf(times, from);
  for (let part = 0; part < parts; part++) {
    const start = from + part * step, end = start + step;
    let area = 0, most = 0;
    for (;;) {
      const until = event + 1 < times.length ? times[event + 1] : Infinity;
      const seconds = Math.min(until, end) - Math.max(times[event], start);
      if (seconds > 0) area += usage.cores[event] * seconds;
      // An instant within which one task ends and the next one starts is none.
      if (seconds > step * 1e-6) most = Math.max(most, usage.memory[event]);
      if (until > end || event + 1 >= times.length) break;
      event++;
    }
    at.push(start);
    cores.push(area / step);
    memory.push(most);
  }
  at.push(to);
  cores.push(cores[parts - 1]);
  memory.push(memory[parts - 1]);
  return [at, cores, memory];
}

/** The last place in times that is not after time. */
export function placeOf(times: number[], time: number): number {
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time) low = middle; else high = middle - 1;
  }
  return low;
}

export function median(values: number[]): number {
  if (!values.length) return 0;
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
