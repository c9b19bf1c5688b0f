// Canvases that are sharp on every screen, axes, and colours.

import { short, ticks } from "./format.js";

let colours = null;

/** The colours of the page's theme. */
export const theme = () => (colours ??= coloursOf(getComputedStyle(document.documentElement)));

/** Has them read anew, where the page has become light or dark. */
export function forgetTheme() {
  colours = null;
}

function coloursOf(style) {
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink"), soft: colour("soft"), faint: colour("faint"), paper: colour("card"), line: colour("line"),
    lanes: [colour("lane-a"), colour("lane-b")], good: colour("good"), bad: colour("bad"), mark: colour("mark"),
    classes: [colour("class-a"), colour("class-b"), colour("class-c"), colour("class-d"), colour("class-e")],
    dark: style.colorScheme === "dark" || document.documentElement.dataset.theme === "dark",
  };
}

/** Makes a canvas as sharp as the screen is, and gives its context and size in CSS pixels. */
export function prepare(canvas) {
  const scale = Math.min(3, window.devicePixelRatio || 1);
  const width = canvas.clientWidth || 300;
  const height = canvas.clientHeight || 200;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const g = canvas.getContext("2d");
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.clearRect(0, 0, width, height);
  g.font = "12px system-ui, -apple-system, 'Segoe UI', sans-serif";
  g.lineJoin = "round";
  g.lineCap = "round";
  return { g, width, height };
}

/** A part of a picture that stays the same for many frames: it is drawn when its key is another one, and only copied otherwise. */
export class Layer {
  draw(g, key, draw) {
    const { width, height } = g.canvas;
    const own = `${width} ${height} ${theme().ink} ${key}`;
    if (this.key !== own) {
      this.key = own;
      this.picture = new OffscreenCanvas(width, height);
      const layer = this.picture.getContext("2d");
      layer.setTransform(g.getTransform());
      layer.font = g.font;
      draw(layer);
    }
    g.save();
    g.resetTransform();
    g.drawImage(this.picture, 0, 0);
    g.restore();
  }
}

/** A range that is kept as long as it fits, so that a picture does not tremble while a walk runs; `wanted` is what must be in it. */
export function steady(kept, wanted) {
  const [low, high] = wanted;
  const fits = kept && kept[0] <= low && kept[1] >= high && high - low > 0.5 * (kept[1] - kept[0]);
  const room = 0.1 * (high - low);
  return fits ? kept : [low - room, high + room];
}

/** A rectangle with scales in both directions. */
export class Frame {
  constructor(width, height, x, y, margin = {}) {
    const { left = 52, right = 12, top = 10, bottom = 34 } = margin;
    this.left = left;
    this.top = top;
    this.width = Math.max(10, width - left - right);
    this.height = Math.max(10, height - top - bottom);
    [this.x0, this.x1] = x;
    [this.y0, this.y1] = y;
  }
  x(value) {
    return this.left + ((value - this.x0) / (this.x1 - this.x0)) * this.width;
  }
  y(value) {
    return this.top + this.height - ((value - this.y0) / (this.y1 - this.y0)) * this.height;
  }
  valueX(pixel) {
    return this.x0 + ((pixel - this.left) / this.width) * (this.x1 - this.x0);
  }
  valueY(pixel) {
    return this.y0 + ((this.top + this.height - pixel) / this.height) * (this.y1 - this.y0);
  }
  holds(px, py) {
    return px >= this.left - 2 && px <= this.left + this.width + 2 && py >= this.top - 2 && py <= this.top + this.height + 2;
  }
  /** A text that another rectangle, or other scales, do not have. */
  get key() {
    return [this.left, this.top, this.width, this.height, this.x0, this.x1, this.y0, this.y1].join();
  }
  /** Draws only within the rectangle. */
  clip(g, draw) {
    g.save();
    g.beginPath();
    g.rect(this.left, this.top, this.width, this.height);
    g.clip();
    draw();
    g.restore();
  }
  axes(g, colours, { x: nameX, y: nameY, grid = true, log = false, labels = null, labelsX = null }) {
    g.save();
    g.lineWidth = 1;
    g.fillStyle = colours.soft;
    g.strokeStyle = colours.faint;
    g.textAlign = "center";
    g.textBaseline = "top";
    const below = labelsX ? apart(labelsX, this.width, 46) : ticks(this.x0, this.x1, this.width / 62).map((v) => [v, brief(v)]);
    const room = labelsX ? this.width / below.length - 6 : this.width;
    for (const [value, text] of below) {
      const at = Math.round(this.x(value)) + 0.5;
      if (grid && !labelsX) segment(g, at, this.top, at, this.top + this.height);
      g.fillText(fitting(g, text, room), at, this.top + this.height + 5);
    }
    g.textAlign = "right";
    g.textBaseline = "middle";
    const marks = labels ? apart(labels, this.height, 16) : (log ? powers(this.y0, this.y1) : ticks(this.y0, this.y1, this.height / 42).map((v) => [v, brief(v)]));
    for (const [value, text] of marks) {
      const at = Math.round(this.y(value)) + 0.5;
      if (grid) segment(g, this.left, at, this.left + this.width, at);
      g.fillText(labels ? fitting(g, text, this.left - 8) : text, this.left - 6, at);
    }
    g.fillStyle = colours.ink;
    g.textAlign = "right";
    g.textBaseline = "bottom";
    g.font = "italic 12.5px Georgia, 'Times New Roman', serif";
    g.fillText(fitting(g, nameX, this.width), this.left + this.width, this.top + this.height + 33);
    g.textAlign = "left";
    g.textBaseline = "top";
    if (nameY) {
      g.fillStyle = colours.paper;
      const text = fitting(g, nameY, this.width);
      g.globalAlpha = 0.82;
      g.fillRect(this.left + 3, this.top + 2, g.measureText(text).width + 8, 17);
      g.globalAlpha = 1;
      g.fillStyle = colours.ink;
      g.fillText(text, this.left + 7, this.top + 3);
    }
    g.restore();
  }
}

/** A number beside an axis, where six letters have room. */
function brief(value) {
  const text = short(value, 4);
  if (text.length <= 6) return text;
  const [mantissa, power] = value.toExponential(3).split("e");
  return `${mantissa.replace(/\.?0+$/, "")}e${Number(power)}`.replaceAll("-", "−");
}

/** As many labels as have room, at least so many pixels each. */
function apart(labels, length, pixels) {
  const every = Math.max(1, Math.ceil((labels.length * pixels) / length));
  return labels.filter((_, k) => k % every === 0);
}

/** Powers of ten on an axis of logarithms. */
function powers(low, high) {
  const found = [];
  const every = Math.max(1, Math.ceil((high - low) / 7));
  for (let k = Math.ceil(low - 1e-9); k <= high + 1e-9; k += every) {
    found.push([k, Math.abs(k) <= 4 ? short(10 ** k, 4) : `1e${k}`.replace("-", "−")]);
  }
  return found.length > 1 ? found : [low, (low + high) / 2, high].map((k) => [k, short(10 ** k, 3)]);
}

/** A text, with a part cut out of its middle where it is too wide: the end of a name tells levels apart. */
export function fitting(g, text, width) {
  if (g.measureText(text).width <= width) return text;
  const letters = [...text];
  for (let kept = letters.length - 1; kept > 3; kept--) {
    const head = Math.ceil(kept * 0.6);
    const shown = `${letters.slice(0, head).join("")}…${letters.slice(letters.length - kept + head).join("")}`;
    if (g.measureText(shown).width <= width) return shown;
  }
  return `${letters.slice(0, 2).join("")}…`;
}

export function segment(g, x0, y0, x1, y1) {
  g.beginPath();
  g.moveTo(x0, y0);
  g.lineTo(x1, y1);
  g.stroke();
}

/** A line through points, with a gap where one is not finite. Points that are less than half a pixel from the last one are left out: no one sees them. */
export function polyline(g, points) {
  g.beginPath();
  let last = null;
  points.forEach(([x, y], k) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      last = null;
    } else if (last === null) {
      g.moveTo(x, y);
      last = [x, y];
    } else if (Math.abs(x - last[0]) + Math.abs(y - last[1]) >= 0.5 || k === points.length - 1) {
      g.lineTo(x, y);
      last = [x, y];
    }
  });
  g.stroke();
}

export function dot(g, x, y, radius, fill, stroke) {
  g.beginPath();
  g.arc(x, y, radius, 0, 2 * Math.PI);
  g.fillStyle = fill;
  g.fill();
  if (stroke) {
    g.strokeStyle = stroke;
    g.lineWidth = 1.5;
    g.stroke();
  }
}

export function cross(g, x, y, size, colour) {
  g.save();
  g.strokeStyle = colour;
  g.lineWidth = 2;
  segment(g, x - size, y, x + size, y);
  segment(g, x, y - size, x, y + size);
  g.restore();
}

export function arrow(g, x0, y0, x1, y1, colour, width = 2.5) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (!(length > 1.5)) return;
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const head = Math.min(10, length * 0.6);
  g.save();
  g.strokeStyle = colour;
  g.fillStyle = colour;
  g.lineWidth = width;
  segment(g, x0, y0, x1 - ux * head * 0.8, y1 - uy * head * 0.8);
  g.beginPath();
  g.moveTo(x1, y1);
  g.lineTo(x1 - ux * head - uy * head * 0.45, y1 - uy * head + ux * head * 0.45);
  g.lineTo(x1 - ux * head + uy * head * 0.45, y1 - uy * head - ux * head * 0.45);
  g.closePath();
  g.fill();
  g.restore();
}

// A scale from low to high whose lightness rises all the way, so that it can be read in grey and by colour-blind people.
const LIGHT = [[33, 74, 127], [45, 117, 160], [72, 158, 178], [126, 194, 186], [186, 223, 200], [232, 244, 222], [252, 252, 244]];
const DARK = [[120, 190, 214], [82, 155, 196], [56, 120, 172], [41, 88, 141], [32, 63, 108], [26, 44, 78], [21, 31, 54]];
// From one end over the middle to the other, for outputs.
const SPLIT_LIGHT = [[64, 118, 190], [150, 184, 222], [243, 242, 238], [240, 188, 128], [214, 122, 32]];
const SPLIT_DARK = [[70, 130, 210], [48, 80, 128], [34, 37, 43], [122, 78, 34], [222, 134, 44]];

function between(stops, share) {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const k = Math.min(stops.length - 2, Math.floor(at));
  const part = at - k;
  return stops[k].map((c, i) => Math.round(c + (stops[k + 1][i] - c) * part));
}

/** The colour of a height from 0 (the lowest) to 1. */
export const height = (share, dark) => between(dark ? DARK : LIGHT, share);
/** The colour of an output from 0 to 1. */
export const output = (share, dark) => between(dark ? SPLIT_DARK : SPLIT_LIGHT, share);
export const rgb = ([r, g, b], alpha = 1) => `rgb(${r} ${g} ${b} / ${alpha})`;

/** Colours from 0 to 1 as pixels, worked out once. */
const tables = new Map();
function pixelsOf(colour, dark) {
  const key = `${colour.name} ${dark}`;
  let table = tables.get(key);
  if (!table) {
    const bytes = new Uint8ClampedArray(4 * 256);
    for (let k = 0; k < 256; k++) bytes.set([...colour(k / 255, dark), 255], 4 * k);
    table = new Uint32Array(bytes.buffer);
    tables.set(key, table);
  }
  return table;
}

/** A picture of a grid, n across and m up: `share(value)` from 0 to 1 becomes a colour. `values[a * m + b]` stands at (a, b). */
export function pictured(values, n, m, share, colour, dark) {
  const image = new ImageData(n, m);
  const pixels = new Uint32Array(image.data.buffer);
  const table = pixelsOf(colour, dark);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < m; b++) {
      const part = share(values[a * m + b]);
      pixels[(m - 1 - b) * n + a] = table[part > 0 ? Math.min(255, Math.round(255 * part)) : 0];
    }
  }
  return image;
}

/**
 * Lines of equal height on a grid, by marching squares: calls `line(x0, y0, x1, y1)` in places of the grid.
 * `values[a * m + b]` is the height at (a, b).
 */
export function contours(values, n, m, level, line) {
  const edges = new Float64Array(8);
  for (let a = 0; a + 1 < n; a++) {
    for (let b = 0; b + 1 < m; b++) {
      const p = values[a * m + b];
      const q = values[(a + 1) * m + b];
      const r = values[(a + 1) * m + b + 1];
      const s = values[a * m + b + 1];
      const above = (p > level) + 2 * (q > level) + 4 * (r > level) + 8 * (s > level);
      if (above === 0 || above === 15 || !Number.isFinite(p + q + r + s)) continue;
      let k = 0;
      if (((above & 1) !== 0) !== ((above & 2) !== 0)) {
        edges[k++] = a + (level - p) / (q - p);
        edges[k++] = b;
      }
      if (((above & 2) !== 0) !== ((above & 4) !== 0)) {
        edges[k++] = a + 1;
        edges[k++] = b + (level - q) / (r - q);
      }
      if (((above & 4) !== 0) !== ((above & 8) !== 0)) {
        edges[k++] = a + 1 - (level - r) / (s - r);
        edges[k++] = b + 1;
      }
      if (((above & 8) !== 0) !== ((above & 1) !== 0)) {
        edges[k++] = a;
        edges[k++] = b + 1 - (level - s) / (p - s);
      }
      for (let e = 0; e + 3 < k; e += 4) line(edges[e], edges[e + 1], edges[e + 2], edges[e + 3]);
    }
  }
}
