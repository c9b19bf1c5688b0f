// The table that is shown: from where it came, what was chosen of it, and how it is found again.

import { DATASETS, dataset } from "./datasets.js";
import { cloud } from "./core.js";
import { MOST_TEXT, joined, parted, settingsOf } from "./hash.js";

const PLACE = "deltarule: a table that is too large for the address";

/** The table that came with the page, and its settings; null if none did. */
export function given() {
  const element = document.getElementById("given");
  if (!element) return null;
  const { file, csv, chosen, settings } = JSON.parse(element.textContent);
  return { source: { id: "given", file, csv, chosen, edited: false }, settings: { ...settingsOf({}), ...settings } };
}

/** A built-in table. */
export function builtIn(set) {
  const chosen = { targets: set.targets, ...(set.task ? { task: set.task } : {}), ...(set.features ? { features: set.features } : {}) };
  return { id: set.id, file: set.name, csv: set.cloud ? cloud(set.cloud, 1) : set.csv, chosen, edited: false };
}

/** A mark by which a text is known again (FNV-1a). */
function markOf(text) {
  let mark = 0x811c9dc5;
  for (let k = 0; k < text.length; k++) mark = Math.imul(mark ^ text.charCodeAt(k), 0x01000193);
  return `${text.length}-${(mark >>> 0).toString(16)}`;
}

/** The words of a table in an address. `csv` gives its points as they stand. */
export function wordsOfTable(source, csv) {
  if (source.id && !source.edited) return { data: source.id };
  const { chosen } = source;
  const words = { file: source.file };
  const text = csv();
  if (text.length <= MOST_TEXT) words.csv = text;
  else words.missing = keep(text, source);
  for (const key of ["targets", "features", "categorical"]) if (chosen[key]?.length) words[key] = joined(chosen[key]);
  if (chosen.task) words.task = chosen.task;
  // Points that were changed lack the records that were left out, and have their holes as before.
  if (chosen.missing && !(source.edited && chosen.missing === "drop")) words.fill = chosen.missing;
  return words;
}

/** Keeps a table for a reload in the same tab, as far as the browser has room; gives its mark. */
function keep(text, source) {
  if (source.keptText === text) return source.mark;
  Object.assign(source, { keptText: text, mark: markOf(text) });
  try {
    sessionStorage.setItem(PLACE, JSON.stringify({ mark: source.mark, csv: text }));
  } catch {
    // There is no room, or the browser allows none: after a reload the page asks for the file.
  }
  return source.mark;
}

function kept(mark) {
  try {
    const found = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
    return found?.mark === mark ? found.csv : null;
  } catch {
    return null;
  }
}

/** The table that words speak of, and the settings that go with it where the words name none; what cannot be had goes to `complaints`. */
export function tableOf(words, complaints) {
  const own = given();
  const first = () => ({ source: builtIn(DATASETS[0]), settings: settingsOf(DATASETS[0].settings) });
  const csv = words.csv ?? (words.missing ? kept(words.missing) : null);
  if (csv !== null && csv !== undefined) {
    const chosen = { targets: parted(words.targets), features: parted(words.features), categorical: parted(words.categorical) };
    if (words.task) chosen.task = words.task;
    if (words.fill) chosen.missing = words.fill;
    return { source: { id: null, file: words.file ?? "points.csv", csv, chosen, edited: false }, settings: settingsOf({}) };
  }
  if (words.missing) {
    if (own && own.source.file === words.file) {
      complaints.push(`${words.file}: points that were changed are too many for an address; these are the points as they came with the page`);
      return own;
    }
    complaints.push(`${words.file ?? "The file"} is too large for an address: open it again; the rest of the state is of no use without it`);
    return { ...first(), isOther: true };
  }
  if (own && (words.data === "given" || words.data === undefined)) return own;
  const set = dataset(words.data);
  if (set) return { source: builtIn(set), settings: settingsOf(set.settings) };
  if (words.data === "given") complaints.push('data: found "given" in the address, but no table came with this page; open the file');
  else if (words.data !== undefined) complaints.push(`data: found ${JSON.stringify(words.data)} in the address, expected one of ${DATASETS.map((d) => d.id).join(", ")}`);
  return first();
}
