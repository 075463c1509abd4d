// The section with the timeline, its buttons and keys, processors and memory, and the chosen task.
// SPDX-License-Identifier: MIT
import { KINDS, type Model, type Row } from "./data";
import { details, summaryOf, tip } from "./details";
import { button, el, section } from "./dom";
import { duration, plural } from "./format";
import { resources } from "./resources";
import { onSelect, select, selected } from "./select";
import { timeline, type Timeline } from "./timeline";
import { View } from "./view";

function legend(model: Model): HTMLElement {
  const node = el("ul.legend");
  for (const { kind, label, mark } of KINDS) {
    const drawn = model.lanes.some(lane => lane.some(row => row.kind === kind));
    if (drawn) node.append(el("li", null, el(`i.swatch.${kind}`, { "aria-hidden": true }, kind === "failed" ? mark : ""), label));
  }
  if (model.path.length) node.append(el("li", null, el("i.swatch.path", { "aria-hidden": true }), "Critical path"));
  return node;
}

/** The task in another lane that is nearest in time. */
function nearest(lane: Row[] | undefined, row: Row): Row | null {
  if (!lane) return null;
  const middle = (row.start + row.end) / 2;
  let best: Row | null = null, distance = Infinity;
  for (const other of lane) {
    const apart = Math.max(other.start - middle, middle - other.end, 0);
    if (apart < distance) {
      best = other;
      distance = apart;
    }
  }
  return best;
}

function moved(model: Model, key: string): Row | null {
  const row = selected();
  if (!row || row.lane < 0) return model.path[0] || model.lanes[0][0];
  const lane = model.lanes[row.lane], at = lane.indexOf(row);
  switch (key) {
    case "ArrowRight": return lane[at + 1] || row;
    case "ArrowLeft": return lane[at - 1] || row;
    case "ArrowDown": return nearest(model.lanes[row.lane + 1], row) || row;
    case "ArrowUp": return nearest(model.lanes[row.lane - 1], row) || row;
    case "Home": return lane[0];
    default: return lane[lane.length - 1];
  }
}

function keys(box: HTMLElement, model: Model, zoom: (factor: number) => void, all: () => void): void {
  box.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(Arrow|Home$|End$)/.test(event.key)) select(moved(model, event.key), "timeline");
    else if (event.key === "+" || event.key === "=") zoom(2);
    else if (event.key === "-") zoom(0.5);
    else if (event.key === "0") all();
    else if (event.key === "Escape") select(null, "timeline");
    else return;
    event.preventDefault();
  });
}

// Both a mouse and a finger: what is under it is shown, a click or a tap keeps it. Dragging zooms.
function pointer(box: HTMLElement, line: Timeline): void {
  const bubble = el("div.tip", { role: "tooltip", hidden: true });
  box.append(bubble);
  const over = line.plot.over;
  let downAt = 0;
  over.addEventListener("mousemove", event => {
    const row = line.at(event.offsetX, event.offsetY);
    over.style.cursor = row ? "pointer" : "crosshair";
    bubble.hidden = !row;
    if (!row) return;
    bubble.replaceChildren(tip(row));
    const place = box.getBoundingClientRect(), x = event.clientX - place.left, y = event.clientY - place.top;
    bubble.style.left = `${Math.max(0, Math.min(x + 14, box.clientWidth - bubble.offsetWidth))}px`;
    bubble.style.top = `${y + 18}px`;
  });
  over.addEventListener("mouseleave", () => { bubble.hidden = true; });
  over.addEventListener("mousedown", event => { downAt = event.clientX; });
  over.addEventListener("click", event => {
    if (Math.abs(event.clientX - downAt) < 4) select(line.at(event.offsetX, event.offsetY), "timeline");
  });
}

function nothingRan(node: HTMLElement, model: Model): void {
  const { totals } = model;
  const text = totals.tasks === 0 ? "The run had no tasks."
    : totals.fresh >= totals.tasks ? `Nothing had to run: ${plural(totals.fresh, "task")} up to date`
      + `${totals.saved > 0 ? `, ${duration(totals.saved)} saved` : ""}.`
    : "No task had a turn.";
  node.append(el("p.empty", { id: "nothing-ran" }, text));
}

export function work(model: Model): void {
  const node = section("work", "Timeline", summaryOf(model));
  if (!model.lanes.length) {
    node.querySelector(".note")?.remove();
    return nothingRan(node, model);
  }
  const box = el("div.plot.timeline", { id: "timeline", tabindex: 0, role: "application",
    "aria-label": `Timeline of tasks by worker: ${summaryOf(model)}. Arrow keys move from task to task.` });
  const tools = el("div.tools");
  node.append(el("div.toolbar", null, legend(model), tools), box);
  const view = new View(model.span), line = timeline(box, model, view);
  if (model.path.length) {
    const only = button("Critical path only", { class: "toggle", id: "path-only", "aria-pressed": "false" }, () => {
      const on = only.getAttribute("aria-pressed") !== "true";
      only.setAttribute("aria-pressed", String(on));
      line.onlyPath(on);
    });
    tools.append(only);
  }
  const zoom = (factor: number) => {
    const row = selected();
    view.zoom(factor, row && row.lane >= 0 ? (row.start + row.end) / 2 : undefined);
  };
  tools.append(
    button("−", { class: "square", "aria-label": "Zoom out", id: "zoom-out" }, () => zoom(0.5)),
    button("+", { class: "square", "aria-label": "Zoom in", id: "zoom-in" }, () => zoom(2)),
    button("Whole run", { id: "zoom-all" }, () => view.all()));
  keys(box, model, zoom, () => view.all());
  pointer(box, line);
  details(node, model);
  const charts = el("div.resources");
  node.append(charts);
  resources(charts, model, view);
  onSelect(row => {
    if (row && row.lane >= 0) view.show(row.start, row.end);
    line.plot.redraw(false, false);
  });
}
