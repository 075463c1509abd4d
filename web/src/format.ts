// Numbers with their units, as the command line writes them (lua/ggen/units.lua).
// SPDX-License-Identifier: MIT

function two(value: number): string { return String(value).padStart(2, "0"); }

/** "12 ms", "0.42 s", "12.3 s", "2 m 05 s", "1 h 02 m" */
export function duration(seconds: number): string {
  if (seconds <= 0) return "0 s";
  if (seconds < 0.0995) return `${seconds < 0.00995 ? +(seconds * 1000).toFixed(1) : Math.round(seconds * 1000)} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
  if (whole < 360000) return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole % 3600 / 60))} m`;
  return `${count(Math.round(whole / 3600))} h`;
}

/** "512 B", "1.5 KiB", "2.0 GiB" */
export function size(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  for (const unit of ["KiB", "MiB", "GiB"]) {
    bytes /= 1024;
    if (bytes < 1023.95) return `${bytes.toFixed(bytes < 99.95 ? 1 : 0)} ${unit}`;
  }
  return `${(bytes / 1024).toFixed(1)} TiB`;
}

export function count(value: number): string { return value.toLocaleString("en-US"); }

export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

/** "83 %", never 100 % for less than all, never 0 % for more than nothing. */
export function percent(share: number): string {
  const whole = Math.round(share * 100);
  if (whole === 100 && share < 1) return "99 %";
  if (whole === 0 && share > 0) return "1 %";
  return `${whole} %`;
}

export function cores(value: number): string {
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${value.toFixed(1) === "1.0" ? "core" : "cores"}`;
}

export function date(time: unknown): string {
  const at = new Date(String(time));
  if (isNaN(at.getTime())) return "no date";
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(at);
}

export function day(time: unknown): string {
  const at = new Date(String(time));
  if (isNaN(at.getTime())) return "";
  return new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" }).format(at);
}

/** Places of an axis of time: "0", "2 s", "250 ms", "1:30", "1:05:00". */
export function tick(seconds: number, step: number): string {
  if (seconds === 0) return "0";
  if (step < 0.1) return `${+(seconds * 1000).toFixed(2)} ms`;
  if (seconds < 60) return `${+seconds.toFixed(step < 1 ? 1 : 0)} s`;
  const whole = Math.floor(seconds + 1e-6), rest = two(whole % 60);
  const fraction = step < 1 ? (seconds - whole).toFixed(1).slice(1) : "";
  if (whole < 3600) return `${Math.floor(whole / 60)}:${rest}${fraction}`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole % 3600 / 60))}:${rest}${fraction}`;
}
