// The history: wall time, hit rate, memory, and one phase or task at a time, a point a run.
// SPDX-License-Identifier: MIT
import type uPlot from "uplot";
import { axis, BYTES, chart, SECONDS } from "./chart";
import { text, type Model } from "./data";
import type { RawLine } from "./types";
import { el, section } from "./dom";
import { date, day, duration, percent, plural, size, tick } from "./format";
import { onSelect } from "./select";
import { color } from "./theme";
import { median } from "./usage";

const HEIGHT = 150;
type Values = (number | null)[];
interface Kind { say: (value: number) => string; incrs: number[]; ticks: (value: number, step: number) => string; top?: number }

const TIME: Kind = { say: duration, incrs: SECONDS, ticks: tick };
const SHARE: Kind = { say: percent, incrs: [0.1, 0.25, 0.5], ticks: percent, top: 1 };
const MEMORY: Kind = { say: size, incrs: BYTES, ticks: value => value === 0 ? "0" : size(value) };

function known(values: Values): number[] { return values.filter((value): value is number => typeof value === "number"); }

class Trend {
  private readonly readout = el("span.readout");
  readonly node: HTMLElement;
  private readonly box = el("div.plot");
  private plot: uPlot | null = null;
  private series: Values[] = [];

  constructor(id: string, heading: string | HTMLElement, private readonly runs: RawLine[],
    private readonly here: number, private readonly kind: Kind, private readonly second?: string) {
    this.node = el("div.trend", { id }, el("div.chart-head", null,
      typeof heading === "string" ? el("h3", null, heading) : heading, this.readout), this.box);
  }

  /** What is said while nobody points at a run: this run's value, and that of the others that went well. */
  private rest(): string {
    const values = this.series[0], own = values[this.here];
    if (!known(values).length) return "never ran in these runs";
    const others = known(values.filter((_value, at) => at !== this.here && this.runs[at].status === "ok"));
    return [typeof own === "number" ? this.kind.say(own) : "",
      others.length ? `median ${this.kind.say(median(others))}` : ""].filter(Boolean).join(" · ");
  }

  private of(at: number): string {
    const run = this.runs[at], value = this.series[0][at], other = this.second ? this.series[1][at] : null;
    const commit = text(run.commit).slice(0, 7);
    return [typeof value === "number" ? this.kind.say(value) : "did not run",
      typeof other === "number" ? `${this.second} ${this.kind.say(other)}` : "",
      date(run.time), commit, run.status === "ok" ? "" : text(run.status)].filter(Boolean).join(" · ");
  }

  private marks(u: uPlot): void {
    const ctx = u.ctx, ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.lineWidth = 2 * ratio;
    this.runs.forEach((run, at) => {
      const value = this.series[0][at];
      if (typeof value !== "number") return;
      const x = u.valToPos(at, "x", true), y = u.valToPos(value, "y", true), r = 3.5 * ratio;
      if (run.status !== "ok") {
        ctx.strokeStyle = color("failed");
        ctx.beginPath();
        ctx.moveTo(x - r, y - r); ctx.lineTo(x + r, y + r);
        ctx.moveTo(x + r, y - r); ctx.lineTo(x - r, y + r);
        ctx.stroke();
      }
      if (at === this.here) {
        ctx.fillStyle = color("ink");
        ctx.strokeStyle = color("paper");
        ctx.beginPath();
        ctx.arc(x, y, 4.5 * ratio, 0, 2 * Math.PI);
        ctx.fill();
        ctx.stroke();
      }
    });
    ctx.restore();
  }

  private dates(places: number[]): string[] {
    let last = "";
    return places.map(at => {
      const run = this.runs[at], words = run && Number.isInteger(at) ? day(run.time) : "";
      if (words === last) return "";
      last = words;
      return words;
    });
  }

  show(series: Values[]): void {
    this.series = series;
    this.readout.textContent = this.rest();
    const data = [this.runs.map((_run, at) => at), ...series] as uPlot.AlignedData;
    const most = Math.max(...known(series.flat()), 0) || 1;
    if (this.plot) {
      this.plot.setData(data, false);
      this.plot.setScale("y", { min: 0, max: most * 1.08 });
      this.plot.setScale("x", { min: -0.5, max: this.runs.length - 0.5 });
      return;
    }
    const few = this.runs.length <= this.box.clientWidth / 12;
    const line = (width: number, ink: "ran" | "muted", dash?: number[]): uPlot.Series => ({
      stroke: () => color(ink), width, dash, spanGaps: true,
      points: { show: few && !dash, size: 5, stroke: () => color(ink), fill: () => color("paper") },
    });
    this.plot = chart(this.box, HEIGHT, {
      padding: [8, 14, 0, 0],
      cursor: { y: false, drag: { x: false, y: false },
        points: { size: 8, fill: () => color("ran"), stroke: () => color("paper") } },
      scales: { x: { time: false, range: [-0.5, this.runs.length - 0.5] },
        y: { range: (_u, _min, max) => [0, this.kind.top || (max || 1) * 1.08] } },
      axes: [
        axis(2, { grid: { show: false }, space: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
          values: (_u, places) => this.dates(places) }),
        axis(3, { space: 32, incrs: this.kind.incrs,
          values: (_u, places, _a, _s, step) => places.map(at => at === 0 ? "0" : this.kind.ticks(at, step)) }),
      ],
      series: [{}, line(1.75, "ran"), ...(this.second ? [line(1.25, "muted", [4, 4])] : [])],
      hooks: {
        draw: [u => this.marks(u)],
        setCursor: [u => {
          const at = u.cursor.idx;
          const on = typeof at === "number" && (u.cursor.left ?? -1) >= 0;
          this.readout.textContent = on && this.runs[at!] ? this.of(at!) : this.rest();
        }],
      },
    }, data);
  }
}

function chooser(model: Model, keep: (values: Values) => Values, trend: (heading: HTMLElement) => Trend): Trend {
  const { phases, tasks } = model.series;
  const menu = el<HTMLSelectElement>("select", { id: "trend-of", "aria-label": "Phase or task to show" });
  const all = [...phases, ...tasks];
  // What this run has comes first: the first one is shown.
  const here = new Set([...model.phases.map(phase => `p ${phase.name}`), ...model.rows.map(row => `t ${row.id}`)]);
  const has = (at: number) => here.has(`${at < phases.length ? "p" : "t"} ${text(all[at].name)}`);
  const group = (label: string, which: (at: number) => boolean) => {
    const places = all.map((_one, at) => at).filter(which);
    if (!places.length) return;
    menu.append(el("optgroup", { label }, ...places.map(at => el("option", { value: at }, text(all[at].name)))));
  };
  group("Phases", at => at < phases.length && has(at));
  group("Tasks, the longest first", at => at >= phases.length && has(at));
  group("Not in this run", at => !has(at));
  const made = trend(el("h3", null, "Duration of ", menu));
  const show = () => made.show([keep(all[Number(menu.value)].values)]);
  menu.addEventListener("change", show);
  onSelect(row => {
    const at = row ? tasks.findIndex(series => text(series.name) === row.id) : -1;
    if (at < 0) return;
    menu.value = String(phases.length + at);
    show();
  });
  queueMicrotask(show);
  return made;
}

export function trends(model: Model): void {
  const all = model.runs, left = model.page.history.left_out;
  const places = all.map((_run, at) => at).filter(at => text(all[at].command) === model.command);
  const runs = places.map(at => all[at]);
  const about = `${plural(runs.length, "run")} of “ggen-lua ${model.command}” on this class of machine`
    + (runs.length < all.length ? `, of ${all.length} recorded` : "");
  const node = section("trends", "Trends", runs.length >= 2 ? about : undefined);
  if (runs.length < 2) {
    node.append(el("p.empty", { id: "no-history" }, all.length === 0
      ? "No history yet: each run adds a point here."
      : `Of “ggen-lua ${model.command}” there ${runs.length ? "is one run" : "are no runs"} in the history`
        + ` of ${all.length}: the next ones make a trend.`));
    return;
  }
  const here = runs.findIndex(run => run.id === model.page.record.id);
  const keep = (values: Values): Values => places.map(at => values[at] ?? null);
  const column = (key: "wall" | "critical_path" | "hit_rate" | "peak_memory"): Values =>
    runs.map(run => typeof run[key] === "number" && run[key]! >= 0 ? run[key] : null);
  const grid = el("div.trends");
  node.append(grid);
  const add = (trend: Trend): Trend => {
    grid.append(trend.node);
    return trend;
  };
  add(new Trend("t-wall", "Wall time, and its critical path", runs, here, TIME, "critical path"))
    .show([column("wall"), column("critical_path")]);
  add(new Trend("t-hits", "Cache hit rate", runs, here, SHARE)).show([column("hit_rate")]);
  if (model.series.phases.length + model.series.tasks.length) {
    add(chooser(model, keep, heading => new Trend("t-one", heading, runs, here, TIME)));
  }
  add(new Trend("t-memory", "Peak memory of a task", runs, here, MEMORY)).show([column("peak_memory")]);
  const failed = runs.filter(run => run.status !== "ok").length;
  node.append(el("p.note", null, "The full dot is this run.", failed ? " A cross is a run that failed." : "",
    left > 0 ? ` Of the tasks, the ${model.series.tasks.length} that took longest can be chosen.` : ""));
}
