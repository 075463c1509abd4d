// The timeline: one lane a worker, one bar a task, the critical path marked. Drawn on the canvas of
// a uPlot chart, which has the axis, the zoom and the cursor. Of many bars in one place it draws one.
// SPDX-License-Identifier: MIT
import uPlot from "uplot";
import { axis, chart, FONT, GUTTER, SECONDS } from "./chart";
import type { Model, Row } from "./data";
import { tick } from "./format";
import { selected } from "./select";
import { color } from "./theme";
import type { View } from "./view";

const PHASE = 20; // CSS pixels of one line of phases
const MOST_PHASES = 4;
const AXIS = 28;

export interface Timeline {
  plot: uPlot;
  at(x: number, y: number): Row | null; // pixels within the plot
  onlyPath(on: boolean): void;
}

interface Band { name: string; start: number; end: number; line: number }

// Phases that overlap stand in lines of their own, as far as there is room.
function bandsOf(model: Model): Band[] {
  const ends: number[] = [], bands: Band[] = [];
  for (const phase of [...model.phases].sort((a, b) => a.start - b.start)) {
    let line = ends.findIndex(end => end <= phase.start + 1e-6);
    if (line < 0) line = ends.length;
    if (line >= MOST_PHASES) continue;
    ends[line] = phase.end;
    bands.push({ name: phase.name, start: phase.start, end: phase.end, line });
  }
  return bands;
}

function fitted(ctx: CanvasRenderingContext2D, words: string, width: number): string {
  if (ctx.measureText(words).width <= width) return words;
  let keep = Math.floor(words.length * width / ctx.measureText(words).width) - 1;
  while (keep > 2 && ctx.measureText(words.slice(0, keep) + "…").width > width) keep--;
  return keep > 2 ? words.slice(0, keep) + "…" : "";
}

export function timeline(parent: HTMLElement, model: Model, view: View): Timeline {
  const lanes = model.lanes, bands = bandsOf(model);
  const head = bands.length ? (Math.max(...bands.map(band => band.line)) + 1) * PHASE + 4 : 0;
  const laneHeight = Math.max(4, Math.min(30, 460 / lanes.length));
  const space = laneHeight > 14 ? 5 : laneHeight > 8 ? 2 : 0.5;
  const height = Math.round(head + lanes.length * laneHeight + AXIS + 10);
  let pathOnly = false;

  const top = (lane: number) => head + lane * laneHeight + space / 2;

  function draw(u: uPlot): void {
    const ctx = u.ctx, ratio = uPlot.pxRatio, box = u.bbox;
    const min = u.scales.x.min!, max = u.scales.x.max!, scale = box.width / (max - min);
    const px = (time: number) => box.left + (time - min) * scale;
    ctx.save();
    ctx.textBaseline = "middle";
    ctx.font = FONT.replace("11px", `${11 * ratio}px`);
    labels(ctx, box, ratio);
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    drawBands(ctx, box, ratio, px);
    for (let lane = 0; lane < lanes.length; lane++) drawLane(ctx, lane, box, ratio, px, min, max);
    drawPath(ctx, box, ratio, px);
    drawSelected(ctx, box, ratio, px);
    ctx.restore();
  }

  function labels(ctx: CanvasRenderingContext2D, box: uPlot.BBox, ratio: number): void {
    if (laneHeight < 10) return;
    ctx.fillStyle = color("muted");
    ctx.textAlign = "right";
    lanes.forEach((lane, at) => {
      ctx.fillText(`${lane[0].worker}`, box.left - 10 * ratio, box.top + (top(at) + (laneHeight - space) / 2) * ratio);
    });
    ctx.textAlign = "left";
  }

  function drawBands(ctx: CanvasRenderingContext2D, box: uPlot.BBox, ratio: number, px: (t: number) => number): void {
    for (const band of bands) {
      const left = px(band.start), width = Math.max(px(band.end) - left, ratio);
      const y = box.top + band.line * PHASE * ratio;
      ctx.fillStyle = color("rule");
      ctx.fillRect(left, y + (PHASE - 5) * ratio, width, 2 * ratio);
      ctx.fillStyle = color("muted");
      const from = Math.max(left, box.left), room = Math.min(left + width, box.left + box.width) - from;
      ctx.fillText(fitted(ctx, band.name, room), from, y + 7 * ratio);
    }
  }

  function drawLane(ctx: CanvasRenderingContext2D, lane: number, box: uPlot.BBox, ratio: number,
    px: (t: number) => number, min: number, max: number): void {
    const rows = lanes[lane], y = box.top + top(lane) * ratio, tall = (laneHeight - space) * ratio;
    let covered = -Infinity, kind = "";
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at];
      if (row.end < min) continue;
      if (row.start > max) break;
      const left = px(row.start), right = px(row.end), width = Math.max(right - left, ratio);
      if (right <= covered && row.kind === kind) continue;
      if (width <= ratio) { // a line of one pixel, once for each pixel and kind
        covered = Math.ceil(left + ratio);
        kind = row.kind;
      } else covered = -Infinity;
      ctx.globalAlpha = pathOnly && !row.critical ? 0.22 : 1;
      ctx.fillStyle = color(row.kind);
      const drawn = width > 4 * ratio ? width - ratio : width; // neighbours stay apart
      ctx.fillRect(left, y, drawn, tall);
      if (width > 30 * ratio && laneHeight >= 16) label(ctx, row, Math.max(left, box.left), y + tall / 2,
        Math.min(right, box.left + box.width) - Math.max(left, box.left), ratio);
    }
    ctx.globalAlpha = 1;
  }

  function label(ctx: CanvasRenderingContext2D, row: Row, x: number, y: number, width: number, ratio: number): void {
    ctx.fillStyle = color("paper");
    if (row.kind === "restored" || row.kind === "off" || row.kind === "fresh") ctx.fillStyle = "#1c1e21";
    const words = fitted(ctx, (row.kind === "failed" ? "✕ " : "") + row.id, width - 12 * ratio);
    if (words) ctx.fillText(words, x + 6 * ratio, y);
  }

  // A bar of ink below each of its tasks, and a line from the end of one to the start of the next.
  function drawPath(ctx: CanvasRenderingContext2D, box: uPlot.BBox, ratio: number, px: (t: number) => number): void {
    const thick = Math.max(2, Math.min(3, laneHeight / 5)) * ratio;
    ctx.fillStyle = ctx.strokeStyle = color("ink");
    ctx.lineWidth = 1.5 * ratio;
    let from: Row | null = null;
    for (const row of model.path) {
      if (row.lane < 0) continue;
      const left = px(row.start), y = box.top + (top(row.lane) + laneHeight - space) * ratio;
      ctx.fillRect(left, y - thick, Math.max(px(row.end) - left - ratio, 1.5 * ratio), thick);
      if (from && model.path.length < 400) {
        const fromY = box.top + (top(from.lane) + laneHeight - space) * ratio - thick / 2;
        ctx.beginPath();
        ctx.moveTo(px(from.end) - ratio, fromY);
        ctx.lineTo(left, fromY);
        ctx.lineTo(left, y - thick / 2);
        ctx.stroke();
      }
      from = row;
    }
  }

  function drawSelected(ctx: CanvasRenderingContext2D, box: uPlot.BBox, ratio: number, px: (t: number) => number): void {
    const row = selected();
    if (!row || row.lane < 0) return;
    const left = px(row.start), y = box.top + top(row.lane) * ratio;
    const width = Math.max(px(row.end) - left, 3 * ratio), tall = (laneHeight - space) * ratio;
    ctx.strokeStyle = color("paper");
    ctx.lineWidth = 4 * ratio;
    ctx.strokeRect(left - ratio, y - ratio, width + 2 * ratio, tall + 2 * ratio);
    ctx.strokeStyle = color("accent");
    ctx.lineWidth = 2 * ratio;
    ctx.strokeRect(left - ratio, y - ratio, width + 2 * ratio, tall + 2 * ratio);
  }

  const plot = chart(parent, height, {
    cursor: view.cursor(),
    scales: { x: { time: false }, y: { range: [0, 1] } },
    axes: [
      axis(2, { incrs: SECONDS, space: 60, values: (_u, places, _a, _s, step) => places.map(at => tick(at, step)) }),
      axis(3, { grid: { show: false }, values: () => [], size: GUTTER }),
    ],
    series: [{}, { show: true, paths: () => null, points: { show: false } }],
    hooks: { draw: [draw] },
  }, [[0, model.span], [null, null]]);

  view.add(plot);
  return {
    plot,
    at(x, y) {
      const lane = Math.floor((y - head) / laneHeight);
      if (lane < 0 || lane >= lanes.length) return null;
      const time = plot.posToVal(x, "x"), reach = plot.posToVal(x + 4, "x") - time;
      let best: Row | null = null, distance = reach;
      for (const row of lanes[lane]) {
        if (row.start > time + reach) break;
        const apart = time < row.start ? row.start - time : time > row.end ? time - row.end : 0;
        if (apart < distance || (apart === 0 && distance === 0)) {
          best = row;
          distance = apart;
        }
      }
      return best;
    },
    onlyPath(on) {
      pathOnly = on;
      plot.redraw(false, false);
    },
  };
}
