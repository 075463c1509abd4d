// The seconds that are seen: the timeline and the charts below it always show the same ones.
// SPDX-License-Identifier: MIT
import type uPlot from "uplot";

interface Shown { plot: uPlot; data?: (from: number, to: number) => uPlot.AlignedData }

export class View {
  private shown: Shown[] = [];
  from = 0;
  to: number;

  constructor(readonly span: number) { this.to = span; }

  /** What a chart needs so that the pointer is seen in all of them, and that the view can follow. */
  cursor(): uPlot.Cursor {
    return {
      y: false, points: { show: false }, drag: { x: true, y: false, setScale: true },
      sync: { key: "seconds", filters: { pub: type => type === "mousemove" || type === "mouseleave" } },
      bind: { dblclick: () => () => {
        this.all();
        return null;
      } },
    };
  }

  /** data: what a chart shows of a part of the run, when that is not always the same. */
  add(plot: uPlot, data?: Shown["data"]): void {
    this.shown.push({ plot, data });
    (plot.hooks.setScale = plot.hooks.setScale || []).push((u, key) => {
      const { min, max } = u.scales.x;
      // Somebody dragged: the others follow when this chart is done.
      if (key === "x" && (min !== this.from || max !== this.to)) queueMicrotask(() => this.set(min!, max!));
    });
  }

  set(min: number, max: number): void {
    const width = Math.min(Math.max(max - min, this.span / 1e5), this.span);
    this.from = Math.min(Math.max(min, 0), this.span - width);
    this.to = this.from + width;
    for (const { plot, data } of this.shown) {
      plot.batch(() => {
        if (data) plot.setData(data(this.from, this.to), false);
        plot.setScale("x", { min: this.from, max: this.to });
      });
    }
  }

  all(): void { this.set(0, this.span); }

  zoom(factor: number, around?: number): void {
    const middle = around !== undefined && around >= this.from && around <= this.to ? around : (this.from + this.to) / 2;
    const half = (this.to - this.from) / factor / 2;
    this.set(middle - half, middle + half);
  }

  /** Moves so that [start, end] is seen. */
  show(start: number, end: number): void {
    if (start >= this.from && end <= this.to) return;
    const half = Math.max(this.to - this.from, (end - start) * 1.2) / 2, middle = (start + end) / 2;
    this.set(middle - half, middle + half);
  }
}
