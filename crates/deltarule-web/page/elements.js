// Elements of the page.

import { escaped } from "./format.js";

/** The element of this name. */
export const $ = (id) => document.getElementById(id);

/** Fills a list to choose from with pairs of a value and a name. */
export function fill(select, options, value) {
  select.innerHTML = options.map(([key, name]) => `<option value="${key}">${escaped(name)}</option>`).join("");
  select.value = String(value);
  // A list that is closed may be too narrow for a long name.
  select.title = select.selectedOptions[0]?.textContent ?? "";
}
