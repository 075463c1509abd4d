// All tasks: sorted by a click on a column, filtered by words and by how they ended. Only the rows
// that are seen are in the document, however many there are.
// SPDX-License-Identifier: MIT
import { KINDS, type Kind, type Model, type Row } from "./data";
import { stateOf, whyOf } from "./details";
import { el, section } from "./dom";
import { count, duration, plural, size } from "./format";
import { onSelect, select, selected } from "./select";

interface Column {
  id: string; label: string; number?: boolean;
  order: (a: Row, b: Row) => number; // ascending
  first: 1 | -1; // the direction of the first click
}

const by = (value: (row: Row) => number) => (a: Row, b: Row) => value(a) - value(b);
const names = new Intl.Collator("en", { numeric: true });
const rank = (row: Row) => KINDS.findIndex(entry => entry.kind === row.kind);

const COLUMNS: Column[] = [
  { id: "task", label: "Task", order: (a, b) => names.compare(a.id, b.id), first: 1 },
  { id: "state", label: "State", order: by(rank), first: 1 },
  { id: "why", label: "Why", order: (a, b) => names.compare(whyOf(a), whyOf(b)), first: 1 },
  { id: "start", label: "Start", number: true, order: by(row => row.timed ? row.start : Infinity), first: 1 },
  { id: "duration", label: "Duration", number: true, order: by(row => row.duration), first: -1 },
  { id: "cpu", label: "Processor", number: true, order: by(row => row.cpu), first: -1 },
  { id: "memory", label: "Memory", number: true, order: by(row => row.memory), first: -1 },
];
const BEFORE_AND_AFTER = 6; // rows outside of the view

class Table {
  private rows: Row[];
  private column = COLUMNS[4];
  private direction: 1 | -1 = -1;
  private words = "";
  private kinds = new Set<Kind>();
  private readonly body = el("div.rows", { tabindex: 0, id: "rows", "aria-label": "Tasks" });
  private readonly spacer = el("div.spacer");
  private readonly told = el("span.note", { id: "shown", role: "status" });
  private readonly heads = new Map<string, HTMLElement>();
  private readonly input = el<HTMLInputElement>("input", { type: "search", id: "filter", placeholder: "Filter by name or reason",
    "aria-label": "Filter tasks by name or reason", autocomplete: "off", spellcheck: "false" });
  private readonly narrow = matchMedia("(max-width: 720px)");
  private readonly longest: number;
  private searchable: string[] = [];

  constructor(private readonly model: Model, parent: HTMLElement) {
    this.rows = [...model.rows];
    this.longest = model.rows.reduce((most, row) => Math.max(most, row.duration), 0) || 1;
    const table = el("div.table", { role: "grid", "aria-rowcount": model.rows.length + 1, "aria-colcount": COLUMNS.length },
      this.head(), this.body);
    parent.append(el("div.toolbar", null, this.input, this.chips(), this.told), table);
    this.body.append(this.spacer);
    this.body.setAttribute("role", "rowgroup");
    let asked = false;
    this.body.addEventListener("scroll", () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        this.draw();
      });
    }, { passive: true });
    this.input.addEventListener("input", () => {
      this.words = this.input.value.toLowerCase();
      this.update();
    });
    this.body.addEventListener("click", event => {
      const node = (event.target as HTMLElement).closest<HTMLElement>(".row");
      if (node) select(this.rows[Number(node.dataset.at)], "table");
    });
    this.body.addEventListener("keydown", event => this.key(event));
    this.narrow.addEventListener("change", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.body);
    onSelect((row, origin) => {
      if (row && origin !== "table") this.reveal(row);
      this.draw();
    });
    this.update();
  }

  private get tall(): number { return this.narrow.matches ? 56 : 34; }

  private head(): HTMLElement {
    const row = el("div.row.head", { role: "row" });
    for (const column of COLUMNS) {
      const press = el("button", { type: "button", "data-column": column.id }, column.label);
      press.addEventListener("click", () => this.sort(column));
      const cell = el(`div.cell.${column.id}${column.number ? ".number" : ""}`, { role: "columnheader" }, press);
      this.heads.set(column.id, cell);
      row.append(cell);
    }
    return row;
  }

  private chips(): HTMLElement {
    const box = el("div.chips");
    for (const { kind, label } of KINDS) {
      const many = this.model.rows.filter(row => row.kind === kind).length;
      if (!many) continue;
      const chip = el("button.toggle", { type: "button", "aria-pressed": "false", "data-kind": kind },
        el(`i.swatch.${kind}`, { "aria-hidden": true }), `${label} `, el("span.note", null, count(many)));
      chip.addEventListener("click", () => {
        if (!this.kinds.delete(kind)) this.kinds.add(kind);
        chip.setAttribute("aria-pressed", String(this.kinds.has(kind)));
        this.update();
      });
      box.append(chip);
    }
    return box;
  }

  private sort(column: Column): void {
    this.direction = column === this.column ? -this.direction as 1 | -1 : column.first;
    this.column = column;
    this.update();
  }

  /** Chooses the rows and their order anew. */
  private update(): void {
    const { words, kinds, model } = this;
    if (words && !this.searchable.length) {
      this.searchable = model.rows.map(row => `${row.id}\n${whyOf(row)}\n${row.reason}`.toLowerCase());
    }
    this.rows = model.rows.filter(row => (!kinds.size || kinds.has(row.kind))
      && (!words || this.searchable[row.index].includes(words)));
    this.rows.sort((a, b) => this.direction * this.column.order(a, b) || a.index - b.index);
    for (const [id, cell] of this.heads) {
      cell.setAttribute("aria-sort", id !== this.column.id ? "none" : this.direction > 0 ? "ascending" : "descending");
    }
    this.told.textContent = this.rows.length === model.rows.length ? plural(this.rows.length, "task")
      : `${count(this.rows.length)} of ${plural(model.rows.length, "task")}`;
    this.body.scrollTop = 0;
    this.draw();
  }

  private draw(): void {
    const { tall, body } = this, high = body.clientHeight || 480;
    this.spacer.style.height = `${Math.max(this.rows.length * tall, 1)}px`;
    const from = Math.max(0, Math.floor(body.scrollTop / tall) - BEFORE_AND_AFTER);
    const to = Math.min(this.rows.length, Math.ceil((body.scrollTop + high) / tall) + BEFORE_AND_AFTER);
    const drawn: HTMLElement[] = [];
    for (let at = from; at < to; at++) drawn.push(this.row(at));
    if (!this.rows.length) drawn.push(el("p.empty", null, "No task matches. Fewer words, or other states, show more."));
    this.spacer.replaceChildren(...drawn);
  }

  private row(at: number): HTMLElement {
    const row = this.rows[at], state = stateOf(row), why = whyOf(row), timed = row.timed;
    const share = el("i.share", { "aria-hidden": true });
    share.style.width = `${row.duration / this.longest * 100}%`;
    const cell = (id: string, ...children: (Node | string)[]) => el(`div.cell.${id}`, { role: "gridcell" }, ...children);
    const node = el("div.row", { role: "row", "data-at": at, "aria-rowindex": at + 2, "aria-selected": row === selected() },
      cell("task", el("span.id", { title: row.id }, row.id),
        row.critical ? el("span.critical", { title: "on the critical path" }, "critical") : ""),
      cell(`state.${row.kind}`, el("i", { "aria-hidden": true }, state.mark), ` ${state.label}`),
      cell("why", el("span", { title: why }, why)),
      cell("start.number", timed ? duration(row.start) : ""),
      cell("duration.number", timed ? duration(row.duration) : "", share),
      cell("cpu.number", row.cpu > 0 ? duration(row.cpu) : ""),
      cell("memory.number", row.memory > 0 ? size(row.memory) : ""));
    node.style.top = `${at * this.tall}px`;
    return node;
  }

  private reveal(row: Row): void {
    const at = this.rows.indexOf(row), { body, tall } = this;
    if (at < 0) return;
    if (at * tall < body.scrollTop) body.scrollTop = at * tall;
    else if ((at + 1) * tall > body.scrollTop + body.clientHeight) body.scrollTop = (at + 1) * tall - body.clientHeight;
  }

  private key(event: KeyboardEvent): void {
    const row = selected(), at = row ? this.rows.indexOf(row) : -1;
    const page = Math.max(1, Math.floor(this.body.clientHeight / this.tall) - 1);
    const step: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page,
      Home: 0, End: this.rows.length - 1 };
    if (event.key === "Escape") select(null, "table");
    if (!(event.key in step)) return;
    event.preventDefault();
    const next = this.rows[Math.max(0, Math.min(step[event.key], this.rows.length - 1))];
    if (!next) return;
    this.reveal(next);
    select(next, "table");
    this.draw();
  }

  filter(words: string): void {
    this.input.value = words;
    this.words = words.toLowerCase();
    this.update();
    this.input.scrollIntoView({ block: "nearest" });
    this.input.focus();
  }
}

export function table(model: Model): { filter(words: string): void } {
  const node = section("tasks", "Tasks");
  if (!model.rows.length) {
    node.append(el("p.empty", null, "The run had no tasks."));
    return { filter() { /* nothing to filter */ } };
  }
  return new Table(model, node);
}
