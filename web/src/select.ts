// Which task is meant: one is chosen in the timeline, the table or a list, all of them show it.
// SPDX-License-Identifier: MIT
import type { Row } from "./data";

type Origin = "timeline" | "table" | "details" | "path";
const listeners: ((row: Row | null, origin: Origin) => void)[] = [];
let chosen: Row | null = null;

export function selected(): Row | null { return chosen; }

export function select(row: Row | null, origin: Origin): void {
  if (row === chosen) return;
  chosen = row;
  for (const act of listeners) act(row, origin);
}

export function onSelect(act: (row: Row | null, origin: Origin) => void): void { listeners.push(act); }
