// Elements of the page.

import { escaped } from "./format.js";

/** The element of this name. */
export const $ = (id) => document.getElementById(id);

/** Makes an element hold this HTML. What stands there already stays: the browser lays out anew only what has changed. */
export function show(element, html) {
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  take(element, wanted.content);
}

function take(into, from) {
  const [old, fresh] = [[...into.childNodes], [...from.childNodes]];
  if (old.length !== fresh.length) {
    into.replaceChildren(...fresh);
    return;
  }
  old.forEach((node, k) => {
    const other = fresh[k];
    if (node.nodeName !== other.nodeName || !hasSameAttributes(node, other)) node.replaceWith(other);
    else if (node.nodeType !== Node.TEXT_NODE) take(node, other);
    else if (node.data !== other.data) node.data = other.data;
  });
}

function hasSameAttributes(node, other) {
  const [a, b] = [node.attributes ?? [], other.attributes ?? []];
  return a.length === b.length && [...b].every(({ name, value }) => node.getAttribute(name) === value);
}

/** Fills a list to choose from with pairs of a value and a name. */
export function fill(select, options, value) {
  select.innerHTML = options.map(([key, name]) => `<option value="${key}">${escaped(name)}</option>`).join("");
  select.value = String(value);
  // A list that is closed may be too narrow for a long name.
  select.title = select.selectedOptions[0]?.textContent ?? "";
}
