"use strict";
// Draws the timeline. Times are nanoseconds since the beginning of the trace; the columns are described in data.rs.

const $ = (id) => document.getElementById(id);
const head = JSON.parse($("head").textContent);
const bytes = decode($("body").textContent);
$("body").remove();

const GUTTER = 52, RULER = 26, FEWEST_PIXELS_OF_ROW = 13, MOST_PIXELS_OF_ROW = 44;
const NO_WAIT = 0xFFFFFFFF;
const MOST_LETTERS = 1500;
const SHORTEST_VIEW = 20;

/** Whether a kind of slice lies within others. */
const isInner = (kind) => head.kinds[kind].class === "interrupt" || head.kinds[kind].class === "guest";

/** Base64 to bytes, piece by piece: one string of all would be needed at once otherwise. */
function decode(text) {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const out = new Uint8Array(text.length / 4 * 3 - padding);
  const PIECE = 4 << 18;
  for (let at = 0, to = 0; at < text.length; at += PIECE) {
    const piece = atob(text.slice(at, at + PIECE));
    for (let i = 0; i < piece.length; i++) out[to++] = piece.charCodeAt(i);
  }
  return out;
}

/** Columns of consecutive arrays from a place on. */
function columns(place, ...types) {
  let offset = place.offset;
  return types.map((type) => {
    const column = new type(bytes.buffer, offset, place.count);
    offset += place.count * type.BYTES_PER_ELEMENT;
    return column;
  });
}

const rows = head.rows.map((row) => {
  const [start, length, cycles, wait, kind] =
    columns(row.slices, Float64Array, Float32Array, Uint32Array, Uint32Array, Uint16Array);
  const levels = row.levels.map((level) => ({
    count: level.count, slots: new Uint8Array(bytes.buffer, level.offset, level.count * 4),
  }));
  const outer = Uint32Array.from(kind.keys()).filter((at) => !isInner(kind[at]));
  return { core: row.core, start, length, cycles, wait, kind, levels, outer };
});
const rowOfCore = new Map(rows.map((row, at) => [row.core, at]));
const [written, read, letterFrom, letterTo] =
  columns(head.letters, Float64Array, Float64Array, Uint8Array, Uint8Array);
const [markTime, markText, markCore] = columns(head.marks, Float64Array, Uint32Array, Uint8Array);

// Colours: hues as far apart as can be for the kinds that take most of the time.

const taskTime = new Map();
for (const task of head.figures.tasks) taskTime.set(task.name, (taskTime.get(task.name) || 0) + task.cycles);
const byTime = head.kinds.map((kind, at) => at).filter((at) => head.kinds[at].class === "task")
  .sort((a, b) => (taskTime.get(head.kinds[b].name) || 0) - (taskTime.get(head.kinds[a].name) || 0));
const HUES = [212, 142, 32, 276, 186, 330, 80, 246, 12, 164, 300, 52];
let colours = [], interruptColour = "";
function chooseColours() {
  const dark = document.documentElement.classList.contains("dark");
  interruptColour = dark ? "#ff6b6b" : "#dc2626";
  colours = head.kinds.map((kind) => ({
    task: "", interrupt: interruptColour, guest: dark ? "#0b1220" : "#1e293b", boot: dark ? "#55657d" : "#9aa8bd", lost: dark ? "#f5d90a" : "#b58900",
  })[kind.class]);
  byTime.forEach((kind, rank) => {
    const turn = Math.floor(rank / HUES.length);
    const light = (dark ? 60 : 47) + (turn % 3) * (dark ? -10 : 12);
    colours[kind] = `hsl(${HUES[rank % HUES.length]} ${turn ? 45 : 66}% ${light}%)`;
  });
}
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
