// Elements with text, never with markup: a name of a task is not HTML.
// SPDX-License-Identifier: MIT

type Child = Node | string | null | undefined | false;

/** el("p.note", { title: "x" }, "text", child) */
export function el<T extends HTMLElement = HTMLElement>(
  what: string, attributes?: Record<string, string | number | boolean | null> | null, ...children: Child[]
): T {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag || "div") as T;
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("aria-") || (value !== null && value !== false)) {
      node.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
    }
  }
  for (const child of children) if (child) node.append(child);
  return node;
}

export function button(label: string, attributes: Record<string, string | boolean>, act: () => void) {
  const node = el<HTMLButtonElement>("button", { type: "button", ...attributes }, label);
  node.addEventListener("click", act);
  return node;
}

export function byId(id: string): HTMLElement { return document.getElementById(id)!; }

/** A section with a heading, filled by its caller. */
export function section(id: string, heading: string, note?: string): HTMLElement {
  const node = el("section", { id, "aria-labelledby": `${id}-h` },
    el("div.heading", null, el("h2", { id: `${id}-h` }, heading), note ? el("p.note", null, note) : null));
  byId("page").append(node);
  return node;
}
