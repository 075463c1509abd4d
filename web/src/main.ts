// Builds the page from its data, from the top down.
// SPDX-License-Identifier: MIT
import { cache } from "./cache";
import { read } from "./data";
import { byId, el } from "./dom";
import { foot, head } from "./head";
import { table } from "./table";
import { trends } from "./trends";
import type { RawPage } from "./types";
import { work } from "./work";

function build(): void {
  const model = read(JSON.parse(byId("data").textContent!) as RawPage);
  byId("page").replaceChildren();
  head(model);
  work(model);
  let filter = (_words: string): void => { /* the table comes after */ };
  cache(model, words => filter(words));
  trends(model);
  const tasks = table(model);
  filter = words => tasks.filter(words);
  foot(model);
}

try {
  build();
} catch (error) {
  byId("page").append(el("p.empty", { id: "broken" }, `This report cannot be shown: ${error}`));
  throw error;
} finally {
  // For measurements: when the first frame with everything in it is on the screen.
  requestAnimationFrame(() => setTimeout(() => performance.mark("ggen-drawn")));
}
