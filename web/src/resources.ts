// Processors and memory under the timeline, over the same seconds.
// SPDX-License-Identifier: MIT
import uPlot from "uplot";
import { alpha, axis, BYTES, chart, SECONDS } from "./chart";
import type { Model } from "./data";
import { el } from "./dom";
import { cores, duration, plural, size } from "./format";
import { color } from "./theme";
import { binned, placeOf, usageOf } from "./usage";
import type { View } from "./view";

const HEIGHT = 96;
const CORES = [0.5, 1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 256, 500, 1000, 1e4];

export function resources(parent: HTMLElement, model: Model, view: View): void {
  const usage = usageOf(model.rows, model.span);

  function one(id: string, name: string, column: 1 | 2, top: number, ink: "ran" | "memory",
    more: Partial<uPlot.Axis>, say: (value: number) => string): void {
    const readout = el("span.readout", { id: `${id}-readout` });
    const box = el("div.plot", { id });
    parent.append(el("div.chart-head", null, el("h3", null, name), readout), box);
    const parts = () => Math.max(100, Math.floor(box.clientWidth / 2));
    const part = (from: number, to: number): uPlot.AlignedData => {
      const bins = binned(usage, from, to, parts());
      return [bins[0], bins[column]];
    };
    const first = part(0, model.span), most = `at most ${say(Math.max(...first[1] as number[]))}`;
    readout.textContent = most;
    const made = chart(box, HEIGHT, {
      cursor: view.cursor(),
      scales: { x: { time: false }, y: { range: [0, top * 1.05] } },
      axes: [
        axis(2, { incrs: SECONDS, space: 60, values: (_u, places) => places.map(() => ""), size: 6 }),
        axis(3, { space: 28, ...more }),
      ],
      series: [{}, {
        paths: uPlot.paths.stepped!({ align: 1 }), points: { show: false }, width: 1.25,
        stroke: () => color(ink), fill: () => alpha(color(ink), 0.16),
      }],
      hooks: { setCursor: [u => {
        const left = u.cursor.left;
        if (left === undefined || left < 0) {
          readout.textContent = most;
          return;
        }
        const time = u.posToVal(left, "x"), running = usage.running[placeOf(usage.times, time)];
        const value = u.data[1][placeOf(u.data[0] as number[], time)] as number;
        readout.textContent = `${say(value)} at ${duration(time)}, ${plural(running, "task")} running`;
      }] },
    }, first);
    view.add(made, part);
  }

  const room = Math.max(usage.mostCores, Math.min(model.jobs, usage.mostCores * 3), 1);
  one("cpu", "Processors", 1, room, "ran",
    { incrs: CORES, values: (_u, places) => places.map(at => `${at}`) }, cores);
  one("memory", "Memory", 2, Math.max(usage.mostMemory, 1), "memory",
    { incrs: BYTES, values: (_u, places) => places.map(at => at === 0 ? "0" : size(at)) }, size);
  parent.append(el("p.note", { id: "usage-note" }, "Derived, not sampled: each task’s processor time is spread "
    + "evenly over its duration, and its peak of memory counts for all of it. So the processors are averages, and "
    + "the memory is the most that it can have been."));
}
