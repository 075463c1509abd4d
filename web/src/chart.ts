// What all charts have in common: how uPlot is set up, follows its width and the colours.
// SPDX-License-Identifier: MIT
import uPlot from "uplot";
import { color, onTheme } from "./theme";

export const FONT = '11px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Inter, Roboto, sans-serif';

/** Room for the numbers on the left: the same in all charts over time, so that they line up. */
export const GUTTER = 58;

export function axis(side: number, more: Partial<uPlot.Axis>): uPlot.Axis {
  return {
    side, font: FONT, stroke: () => color("muted"),
    grid: { stroke: () => color("rule"), width: 1 },
    ticks: { show: false }, border: { show: false }, gap: 6,
    ...(side === 3 ? { size: GUTTER } : { size: 28 }), ...more,
  };
}

/** A chart that fills its parent. It is made when there is a width to fill. */
export function chart(parent: HTMLElement, height: number, options: Partial<uPlot.Options>,
  data: uPlot.AlignedData): uPlot {
  const made = new uPlot({
    width: Math.max(parent.clientWidth, 200), height, legend: { show: false }, padding: [6, 10, 0, 0],
    ...options, series: options.series || [{}],
  } as uPlot.Options, data, parent);
  let width = made.width;
  new ResizeObserver(() => {
    if (parent.clientWidth > 0 && parent.clientWidth !== width) {
      width = parent.clientWidth;
      made.setSize({ width, height: made.height });
    }
  }).observe(parent);
  onTheme(() => made.redraw(false, true));
  return made;
}

export const alpha = (hex: string, share: number): string =>
  hex + Math.round(share * 255).toString(16).padStart(2, "0");

/** Steps of an axis of seconds: those that people count in. */
export const SECONDS = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 15, 30,
  60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 36000, 86400, 864000, 8640000, 1e8, 1e9, 1e10, 1e11];

/** Steps of an axis of bytes. */
export const BYTES = Array.from({ length: 50 }, (_, power) => 2 ** power);
