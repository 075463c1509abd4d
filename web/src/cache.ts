// Hits and misses: how many of each, and for what reasons tasks ran.
// SPDX-License-Identifier: MIT
import { KINDS, type Model, type Row } from "./data";
import { whyOf } from "./details";
import { button, el, section } from "./dom";
import { count, duration, percent, plural } from "./format";

const SHOWN = 8;

interface Reason { text: string; rows: Row[]; seconds: number }

function reasonsOf(rows: Row[]): Reason[] {
  const found = new Map<string, Reason>();
  for (const row of rows) {
    if (row.kind !== "ran" && row.kind !== "failed" && row.kind !== "skipped") continue;
    const words = (row.kind === "ran" || row.kind === "failed" ? row.reason : whyOf(row)) || "no reason recorded";
    let reason = found.get(words);
    if (!reason) found.set(words, reason = { text: words, rows: [], seconds: 0 });
    reason.rows.push(row);
    reason.seconds += row.duration;
  }
  return [...found.values()].sort((a, b) => b.seconds - a.seconds || b.rows.length - a.rows.length);
}

function bar(model: Model): HTMLElement {
  const parts = KINDS.map(entry => ({ ...entry, rows: model.rows.filter(row => row.kind === entry.kind).length }))
    .filter(part => part.rows > 0);
  const all = model.rows.length;
  const strip = el("div.strip", { role: "img", "aria-label": parts.map(part => `${part.rows} ${part.label}`).join(", ") });
  const words = el("ul.legend.counts");
  for (const part of parts) {
    const piece = el(`i.${part.kind}`);
    piece.style.flexGrow = String(part.rows);
    strip.append(piece);
    words.append(el("li", { title: part.what, "data-kind": part.kind },
      el(`i.swatch.${part.kind}`, { "aria-hidden": true }, part.kind === "failed" ? part.mark : ""),
      el("b", null, count(part.rows)), ` ${part.label.toLowerCase()}`,
      el("span.note", null, ` ${percent(part.rows / all)}`)));
  }
  return el("div", null, strip, words);
}

export function cache(model: Model, filter: (words: string) => void): void {
  const node = section("cache", "Cache", "What was there already, and why the rest was not");
  if (!model.rows.length) {
    node.append(el("p.empty", null, "No tasks, so nothing was looked up."));
    return;
  }
  node.append(bar(model));
  const reasons = reasonsOf(model.rows);
  if (!reasons.length) {
    const missed = model.rows.some(row => row.kind === "off");
    node.append(el("p.empty", { id: "no-misses" }, missed ? "Nothing missed: what ran has no cache."
      : "Nothing missed: every result was there."));
    return;
  }
  const body = el("ol.reasons", { id: "reasons" }), most = reasons[0].seconds || 1;
  const add = (some: Reason[]) => {
    for (const reason of some) {
      const share = el("i.share", { "aria-hidden": true });
      share.style.width = `${Math.max(reason.seconds / most * 100, 0.5)}%`;
      body.append(el("li", null,
        button(reason.text, { class: "reason-text", title: "Show these tasks in the table" }, () => filter(reason.text)),
        el("span.number", null, plural(reason.rows.length, "task")),
        el("span.number", null, duration(reason.seconds)), share));
    }
  };
  node.append(el("h3", null, "Why tasks ran"), body);
  add(reasons.slice(0, SHOWN));
  if (reasons.length > SHOWN) {
    const rest = reasons.slice(SHOWN), seconds = rest.reduce((sum, reason) => sum + reason.seconds, 0);
    const more = button(`${plural(rest.length, "other reason")}, ${duration(seconds)}`, { class: "quiet more" }, () => {
      more.remove();
      add(rest.slice(0, 200));
      if (rest.length > 200) body.after(el("p.note", null, `and ${count(rest.length - 200)} more: they are in the table`));
    });
    node.append(more);
  }
}
