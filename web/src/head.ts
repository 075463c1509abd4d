// The head of the page: which run this is, how it ended, and its figures.
// SPDX-License-Identifier: MIT
import { text, type Model } from "./data";
import { byId, el } from "./dom";
import { cores, count, date, duration, percent, plural, size } from "./format";
import { themeSwitch } from "./theme";
import { median } from "./usage";

const STATUS: Record<string, [string, string]> = {
  ok: ["✓", "ok"], failed: ["✕", "failed"], gate: ["✕", "missed a gate"],
  interrupted: ["–", "interrupted"], timeout: ["✕", "out of time"],
};

function commitOf(model: Model): string {
  const git = model.page.record.git;
  if (!git) return "";
  const commit = text(git.commit).slice(0, 9), branch = text(git.branch);
  return [branch, commit].filter(Boolean).join(" ") + (git.dirty ? ", with changes" : "");
}

function figure(id: string, label: string, value: string, note: string): HTMLElement {
  const parts = value.split(" ").map((part, at) => at % 2 ? el("small", null, ` ${part} `) : part);
  return el("div.figure", { id }, el("div.label", null, label),
    el("div.value", null, ...parts), el("div.note", null, note));
}

/** "usually 12.1 s", of the earlier runs that went well. */
function usual(model: Model): string {
  const at = model.runs.findIndex(run => run.id === model.page.record.id);
  const before = model.runs.slice(0, at < 0 ? model.runs.length : at)
    .filter(run => run.status === "ok" && text(run.command) === model.command).map(run => run.wall);
  return before.length < 3 ? "" : `usually ${duration(median(before))} (median of ${before.length})`;
}

function figures(model: Model): HTMLElement {
  const { totals } = model, hits = totals.fresh + totals.restored;
  const outputs = totals.outputs;
  const node = el("div.figures", { id: "figures" },
    figure("f-wall", "Wall time", duration(totals.wall), usual(model)),
    figure("f-path", "Critical path", model.path.length ? duration(totals.critical_path) : "–",
      totals.wall > 0 && totals.critical_path > 0
        ? `${percent(Math.min(totals.critical_path / totals.wall, 1))} of the wall time`
        : model.path.length ? "" : "nothing ran"),
    figure("f-hits", "Cache hit rate", totals.hit_rate === null ? "–" : percent(totals.hit_rate),
      totals.hit_rate === null ? "nothing could be a hit"
        : `${plural(hits, "hit")}, ${count(totals.misses)} missed`),
    figure("f-saved", "Saved", duration(totals.saved), "by results that were there"),
    figure("f-cpu", "Processor time", totals.cpu > 0 ? duration(totals.cpu) : "–",
      totals.cpu > 0 && totals.wall > 0 ? `${cores(totals.cpu / totals.wall)} of ${count(model.jobs)} on average` : ""),
    figure("f-memory", "Peak memory", totals.peak_memory > 0 ? size(totals.peak_memory) : "–",
      totals.peak_memory > 0 ? "the most of one task" : "of no task is it known"),
    figure("f-tasks", "Tasks", count(totals.tasks),
      [[totals.ran, "ran"], [totals.restored, "restored"], [totals.fresh, "up to date"], [totals.failed, "failed"],
        [totals.skipped, "skipped"], [totals.not_run, "not run"]].filter(([n]) => n)
        .map(([n, word]) => `${count(n as number)} ${word}`).join(", ")),
    figure("f-disk", "Results", outputs ? size(outputs.bytes) : "–",
      `${outputs ? plural(outputs.files, "file") : "size not known"}; ${size(totals.hashed)} hashed`));
  return node;
}

export function head(model: Model): void {
  const { record } = model.page;
  const [mark, word] = STATUS[record.status] || ["?", text(record.status)];
  document.title = `${model.pipeline}: ${word}, ${duration(model.totals.wall)} · ggen-lua`;
  const facts = [
    `ggen-lua ${model.command}`, date(record.time), commitOf(model), text(record.machine),
    model.jobs ? plural(model.jobs, "job") : "",
  ].filter(Boolean);
  byId("page").append(
    el("header", null,
      el("div.title", null, el("h1", null, model.pipeline),
        el(`span.status.${record.status === "ok" ? "ok" : "bad"}`, { id: "status" }, `${mark} ${word}`), themeSwitch()),
      el("p.facts", null, ...facts.map((fact, at) => el(at === 0 ? "code" : "span", null, fact)))),
    figures(model));
  if (model.notes.length) {
    byId("page").append(el("ul.notes", { id: "notes" }, ...model.notes.map(note =>
      el("li", null, el("b", null, text(note.level)), ` ${text(note.text)}`))));
  }
}

export function foot(model: Model): void {
  const { record, history } = model.page;
  byId("page").append(el("footer", null,
    el("span", null, `Run ${text(record.id)}`),
    el("span", null, `Recorded by ggen-lua ${text(record.ggen)}, written ${date(model.page.made)}`),
    history.damaged > 0 ? el("span", null, `${plural(history.damaged, "line")} of the history could not be read`) : null));
}
