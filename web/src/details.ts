// What is known of one task: beside the pointer, and below the timeline of the one that is chosen.
// SPDX-License-Identifier: MIT
import { KINDS, type Model, type Row } from "./data";
import { button, el } from "./dom";
import { count, duration, plural, size } from "./format";
import { onSelect, select } from "./select";

const MOST_NAMES = 24;

export function stateOf(row: Row): { label: string; mark: string; what: string } {
  const kind = KINDS.find(entry => entry.kind === row.kind)!;
  if (row.status !== "optional") return kind;
  return { ...kind, label: "Failed, optional", what: "it ended with an error that does not fail the run" };
}

export function whyOf(row: Row): string {
  if (row.kind === "failed") return [row.message || exitOf(row), row.reason].filter(Boolean).join(" · ");
  return row.reason || row.message;
}

function exitOf(row: Row): string {
  return row.signal ? `signal ${row.signal}` : `exit code ${row.code}`;
}

/** A few words for the pointer. */
export function tip(row: Row): HTMLElement {
  const state = stateOf(row), why = whyOf(row);
  return el("div", null, el("strong", null, row.id),
    el("div", null, `${state.mark} ${state.label} · ${duration(row.duration)}${row.critical ? " · critical path" : ""}`),
    why ? el("div.why", null, why) : null);
}

export function details(parent: HTMLElement, model: Model): void {
  const node = el("div.details", { id: "details", "aria-live": "polite" });
  parent.append(node);
  let neededBy: Map<number, number[]> | null = null;

  function dependents(row: Row): number[] {
    if (!neededBy) {
      neededBy = new Map();
      for (const other of model.rows) for (const at of other.needs) {
        const known = neededBy.get(at);
        if (known) known.push(other.index); else neededBy.set(at, [other.index]);
      }
    }
    return neededBy.get(row.index) || [];
  }

  function names(places: number[]): HTMLElement | null {
    if (!places.length) return null;
    const box = el("span.names");
    for (const at of places.slice(0, MOST_NAMES)) {
      const row = model.rows[at];
      box.append(button(row.id, { class: "name" }, () => select(row, "details")));
    }
    if (places.length > MOST_NAMES) box.append(` and ${count(places.length - MOST_NAMES)} more`);
    return box;
  }

  function show(row: Row | null): void {
    node.replaceChildren();
    if (!row) {
      node.append(el("p.note", null, "Point at a task for its details; click or tap to keep them. With the keyboard: "
        + "arrows move from task to task, + and − zoom, 0 shows the whole run, Escape lets go. Drag to zoom."));
      return;
    }
    const state = stateOf(row), facts = el("dl");
    const put = (what: string, value: string | Node | null) => {
      if (value) facts.append(el("div", null, el("dt", null, what), el("dd", null, value)));
    };
    if (row.timed) {
      put("Duration", duration(row.duration));
      put("Started", `at ${duration(row.start)}${row.worker ? `, worker ${row.worker}` : ""}`);
      if (row.cpu > 0) put("Processor", `${duration(row.cpu)}, ${Math.round(row.cpu / (row.duration || 1) * 100)} % of one`);
      if (row.memory > 0) put("Peak memory", size(row.memory));
    }
    if (row.kind === "failed") put("Ended with", exitOf(row));
    if (row.attempts > 1) put("Attempts", count(row.attempts));
    if (row.saved > 0) put("Saved", duration(row.saved));
    put("Waited for", names(row.needs));
    put("Needed by", names(dependents(row)));
    const why = whyOf(row);
    node.append(
      el("div.details-head", null, el("h3", null, row.id),
        el(`span.state.${row.kind}`, { title: state.what }, el("i", { "aria-hidden": true }, state.mark), ` ${state.label}`),
        row.critical ? el("span.critical", null, "critical path") : null,
        button("✕", { class: "quiet close", "aria-label": "Let go of this task" }, () => select(null, "details"))),
      why ? el("p.reason", null, why) : "", facts);
  }
  onSelect(show);
  show(null);
}

/** The sentence for screen readers and for the head of the timeline. */
export function summaryOf(model: Model): string {
  const path = model.path.reduce((sum, row) => sum + row.duration, 0);
  const { jobs } = model, lanes = model.lanes.length;
  const parts = [plural(model.rows.filter(row => row.timed).length, "task")
    // Services, tasks that wait for others and tasks of a pool of their own take no job.
    + (jobs > 0 && lanes > jobs ? ` in ${lanes} lanes, of ${plural(jobs, "job")} and tasks that take none`
      : ` on ${plural(lanes, "worker")}`)];
  if (model.path.length) parts.push(`${plural(model.path.length, "task")} of ${duration(path)} on the critical path`);
  return parts.join("; ");
}
