// What is seen.

const canvas = $("canvas"), context = canvas.getContext("2d");
const view = { from: 0, to: head.end };
let chosen = null;      // { kind, core } of a task, or null
let found = null;       // kinds that the search names, or null
let matches = [], match = -1;
let pointer = null, drag = null, pending = false;

function size() {
  const room = $("view").getBoundingClientRect();
  const height = rowHeight(room.height);
  const wanted = Math.max(RULER + rows.length * height + 4, room.height);
  const ratio = window.devicePixelRatio || 1;
  canvas.style.width = room.width + "px";
  canvas.style.height = wanted + "px";
  canvas.width = Math.round(room.width * ratio);
  canvas.height = Math.round(wanted * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { width: room.width, height: wanted, row: height };
}
function rowHeight(height) {
  const fitting = (height - RULER - 4) / Math.max(rows.length, 1);
  return Math.min(Math.max(fitting, FEWEST_PIXELS_OF_ROW), MOST_PIXELS_OF_ROW);
}
let layout = { width: 0, height: 0, row: 0 };

const x = (time) => GUTTER + (time - view.from) / (view.to - view.from) * (layout.width - GUTTER);
const timeAt = (at) => view.from + (at - GUTTER) / (layout.width - GUTTER) * (view.to - view.from);
const y = (row) => RULER + row * layout.row;

function redraw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => { pending = false; draw(); });
}

function look(from, to) {
  const span = Math.min(Math.max(to - from, SHORTEST_VIEW), head.end);
  const middle = (from + to) / 2;
  view.from = Math.min(Math.max(middle - span / 2, 0), head.end - span);
  view.to = view.from + span;
  redraw();
}
function zoom(factor, at) {
  const span = Math.min(Math.max((view.to - view.from) * factor, SHORTEST_VIEW), head.end);
  const share = (at - view.from) / (view.to - view.from);
  const from = at - share * span;
  look(from, from + span);
}

/** Whether a kind is drawn in full colour. */
function isLit(kind, core) {
  if (chosen) return chosen.kind === kind && (chosen.core === null || chosen.core === core);
  return !found || found.has(kind);
}
