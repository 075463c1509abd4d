// Light, dark, or as the system has it; and the colours of the style sheet for what is drawn.
// SPDX-License-Identifier: MIT
import { button } from "./dom";
import type { Kind } from "./data";

const CHOICES = ["auto", "light", "dark"] as const;
type Choice = typeof CHOICES[number];
const listeners: (() => void)[] = [];
const cache = new Map<string, string>();

export function color(name: "ink" | "muted" | "rule" | "paper" | "accent" | "memory" | Kind): string {
  let value = cache.get(name);
  if (!value) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    cache.set(name, value);
  }
  return value;
}

/** Calls act whenever the colours are others. */
export function onTheme(act: () => void): void { listeners.push(act); }

function changed(): void {
  cache.clear();
  for (const act of listeners) act();
}

function remembered(): Choice {
  try {
    const value = localStorage.getItem("ggen-theme") as Choice;
    return CHOICES.includes(value) ? value : "auto";
  } catch { return "auto"; } // a browser that keeps nothing for files
}

export function themeSwitch(): HTMLElement {
  let choice = remembered();
  const node = button("", { id: "theme", class: "quiet" }, () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    try { localStorage.setItem("ggen-theme", choice); } catch { /* only for this visit, then */ }
    apply();
    changed();
  });
  function apply(): void {
    document.documentElement.dataset.theme = choice;
    node.textContent = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" }[choice];
    node.setAttribute("aria-label", `Colours: ${choice}. Press for the next choice.`);
  }
  apply();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  return node;
}
