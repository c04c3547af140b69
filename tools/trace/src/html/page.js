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
  return { core: row.core, start, length, cycles, wait, kind, levels };
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
    task: "", interrupt: interruptColour, boot: dark ? "#55657d" : "#9aa8bd", lost: dark ? "#f5d90a" : "#b58900",
  })[kind.class]);
  byTime.forEach((kind, rank) => {
    const turn = Math.floor(rank / HUES.length);
    const light = (dark ? 60 : 47) + (turn % 3) * (dark ? -10 : 12);
    colours[kind] = `hsl(${HUES[rank % HUES.length]} ${turn ? 45 : 66}% ${light}%)`;
  });
}
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

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

// Drawing.

function draw() {
  const { width, row: height } = layout;
  const ground = css("--ground"), ink = css("--ink"), dim = css("--dim"), line = css("--line");
  context.clearRect(0, 0, width, layout.height);
  context.fillStyle = ground;
  context.fillRect(0, 0, width, layout.height);
  rows.forEach((row, at) => drawRow(row, at, height));
  drawMarks(height);
  drawLetters(height);
  drawRuler(width, ground, dim, line);
  context.fillStyle = ground;
  context.fillRect(0, RULER, GUTTER, layout.height);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "right";
  rows.forEach((row, at) => {
    context.fillStyle = pointer && pointer.row === at ? ink : dim;
    context.fillText("core " + String(row.core).padStart(2, "0"), GUTTER - 6, y(at) + height / 2);
  });
  if (drag && drag.measures) drawMeasure(ink);
  status();
}

function drawRow(row, at, height) {
  const top = y(at) + 1, tall = height - 2;
  context.fillStyle = css("--idle");
  context.fillRect(GUTTER, top, layout.width - GUTTER, tall);
  const pixels = layout.width - GUTTER;
  const slotsWanted = pixels * head.end / (view.to - view.from);
  const finest = row.levels[row.levels.length - 1];
  const first = firstVisible(row), last = lowerBound(row.start, view.to);
  if (finest && finest.count >= slotsWanted && last - first > pixels / 2) {
    const level = row.levels.find((level) => level.count >= slotsWanted);
    drawLevel(row, level, top, tall);
  } else {
    drawSlices(row, first, last, top, tall);
  }
}

function drawLevel(row, level, top, tall) {
  const width = head.end / level.count;
  const first = Math.floor(view.from / width), last = Math.min(Math.ceil(view.to / width), level.count);
  for (let slot = first; slot < last; slot++) {
    const at = slot * 4, kind = level.slots[at] | level.slots[at + 1] << 8;
    const polls = level.slots[at + 2], interrupts = level.slots[at + 3];
    if (!polls && !interrupts) continue;
    const left = x(slot * width), wide = Math.max(x((slot + 1) * width) - left, 1);
    if (polls) {
      const lit = isLit(kind, row.core);
      context.globalAlpha = lit ? 1 : 0.12;
      context.fillStyle = colours[kind];
      const part = Math.max(tall * polls / 255, 2);
      context.fillRect(left, top + tall - part, wide, part);
    }
    if (interrupts) {
      context.globalAlpha = found || chosen ? 0.15 : 1;
      context.fillStyle = interruptColour;
      context.fillRect(left, top, wide, Math.max(tall * interrupts / 255, 2));
    }
  }
  context.globalAlpha = 1;
}

function drawSlices(row, first, last, top, tall) {
  context.font = "10px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "left";
  const shown = [];
  let drawnTo = -1, drawnKind = -1;
  for (let at = first; at < last; at++) {
    const end = row.start[at] + row.length[at];
    if (end < view.from) continue;
    const kind = row.kind[at], left = Math.max(x(row.start[at]), GUTTER), right = Math.min(x(end), layout.width);
    const wide = Math.max(right - left, 1);
    if (right <= drawnTo && kind === drawnKind) continue;
    const isInterrupt = head.kinds[kind].class === "interrupt";
    context.globalAlpha = isLit(kind, row.core) ? 1 : 0.12;
    context.fillStyle = colours[kind];
    context.fillRect(left, top, wide, isInterrupt ? tall * 0.45 : tall);
    if (!isInterrupt) { drawnTo = left + wide; drawnKind = kind; }
    if (wide > 34 && tall * (isInterrupt ? 0.45 : 1) > 9) shown.push([head.kinds[kind].name, left, wide, isInterrupt]);
  }
  context.globalAlpha = 1;
  context.fillStyle = "#fff";
  for (const [name, left, wide, isInterrupt] of shown) {
    context.save();
    context.beginPath();
    context.rect(left, top, wide - 3, tall);
    context.clip();
    context.fillText(name, left + 4, top + (isInterrupt ? tall * 0.24 : tall * 0.58));
    context.restore();
  }
}

function drawMarks(height) {
  const first = lowerBound(markTime, view.from), last = lowerBound(markTime, view.to);
  if (last - first > 3000) return;
  context.fillStyle = css("--ink");
  for (let at = first; at < last; at++) {
    const row = rowOfCore.get(markCore[at]);
    if (row === undefined) continue;
    const left = x(markTime[at]), top = y(row);
    context.globalAlpha = found && !isFoundMark(at) ? 0.15 : 0.8;
    context.beginPath();
    context.moveTo(left, top + Math.min(height, 9));
    context.lineTo(left - 3, top);
    context.lineTo(left + 3, top);
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawLetters(height) {
  // A letter that is under way over the whole view would need one more search; letters take microseconds.
  const first = lowerBound(written, view.from - 1e6), last = lowerBound(written, view.to);
  if (last - first > MOST_LETTERS) return;
  context.strokeStyle = css("--accent");
  context.fillStyle = css("--accent");
  context.globalAlpha = 0.75;
  for (let at = first; at < last; at++) {
    if (read[at] < view.from) continue;
    const from = rowOfCore.get(letterFrom[at]), to = rowOfCore.get(letterTo[at]);
    if (from === undefined || to === undefined) continue;
    const [x1, y1, x2, y2] = [x(written[at]), y(from) + height / 2, x(read[at]), y(to) + height / 2];
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
    context.beginPath();
    context.arc(x2, y2, 2.5, 0, 7);
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawRuler(width, ground, dim, line) {
  context.fillStyle = ground;
  context.fillRect(0, 0, width, RULER);
  const span = view.to - view.from;
  const wanted = span / Math.max((width - GUTTER) / 110, 1);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= wanted);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) {
    const at = x(time);
    context.fillStyle = line;
    context.fillRect(at, RULER - 6, 1, layout.height);
    context.fillStyle = dim;
    if (at < width - 30) context.fillText(clock(time, step), at, RULER / 2 - 2);
  }
}

function drawMeasure(ink) {
  const left = Math.min(drag.x, pointer.x), right = Math.max(drag.x, pointer.x);
  context.globalAlpha = 0.15;
  context.fillStyle = ink;
  context.fillRect(left, RULER, right - left, layout.height);
  context.globalAlpha = 1;
  context.textAlign = "center";
  context.fillText(duration(timeAt(right) - timeAt(left)), (left + right) / 2, RULER + 10);
}

// Words.

/** A time with as many digits as tell it from its neighbours `step` away. */
function clock(time, step) {
  const [unit, name] = step >= 1e6 ? [1e6, "ms"] : step >= 1e3 ? [1e6, "ms"] : [1e3, "µs"];
  const digits = Math.max(0, Math.ceil(-Math.log10(step / unit)));
  return (time / unit).toFixed(Math.min(digits, 6)) + " " + name;
}
function duration(ns) {
  if (ns >= 1e9) return (ns / 1e9).toFixed(3) + " s";
  if (ns >= 1e6) return (ns / 1e6).toFixed(3) + " ms";
  if (ns >= 1e3) return (ns / 1e3).toFixed(3) + " µs";
  return ns.toFixed(1) + " ns";
}
const number = (n) => n.toLocaleString("en").replaceAll(",", "\u202f");

function status() {
  const lost = head.figures.cores.reduce((sum, core) => sum + core.lost_records, 0);
  const letters = lowerBound(written, view.to) - lowerBound(written, view.from);
  let text = `${duration(view.to - view.from)} of ${duration(head.end)}, from ${clock(view.from, 1)}`;
  if (letters) text += letters > MOST_LETTERS ? ` · ${number(letters)} letters, drawn when you zoom in` : ` · ${letters} letters`;
  if (lost) text += ` · ${number(lost)} records were lost`;
  if (head.figures.damage) text += " · the file is damaged: " + head.figures.damage;
  $("status").textContent = text;
  document.body.dataset.from = view.from;
  document.body.dataset.to = view.to;
}

// Finding.

/** First index whose value is not less. */
function lowerBound(values, value) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}
/** First slice that may reach into the view: a poll goes at most one slice back, its interrupts lie behind it. */
function firstVisible(row) {
  let at = lowerBound(row.start, view.from);
  for (let back = 0; at > 0 && back < 64; back++) {
    at--;
    if (head.kinds[row.kind[at]].class !== "interrupt" && row.start[at] + row.length[at] >= view.from) break;
  }
  return at;
}
/** The innermost slice of a row at a time, or the nearest within a few pixels. */
function sliceAt(row, time) {
  const slack = (view.to - view.from) / (layout.width - GUTTER) * 2;
  let best = -1;
  const end = lowerBound(row.start, time + slack);
  for (let at = end - 1, back = 0; at >= 0 && back < 256; at--, back++) {
    if (row.start[at] - slack <= time && time <= row.start[at] + row.length[at] + slack) {
      if (best < 0 || row.length[at] < row.length[best]) best = at;
      if (head.kinds[row.kind[at]].class !== "interrupt") break;
    }
  }
  return best;
}
const isFoundMark = (at) => foundTexts && foundTexts.has(markText[at]);
let foundTexts = null;

function search(text) {
  const words = text.trim().toLowerCase();
  matches = []; match = -1; found = null; foundTexts = null;
  if (words) {
    const names = (list) => new Set(list.flatMap((name, at) => name.toLowerCase().includes(words) ? [at] : []));
    found = names(head.kinds.map((kind) => kind.name));
    foundTexts = names(head.texts);
    for (let at = 0; at < markTime.length; at++) {
      if (foundTexts.has(markText[at])) matches.push([markTime[at], rowOfCore.get(markCore[at]), 0]);
    }
    rows.forEach((row, which) => {
      for (let at = 0; at < row.start.length; at++) {
        if (found.has(row.kind[at])) matches.push([row.start[at], which, row.length[at]]);
      }
    });
    matches.sort((a, b) => a[0] - b[0]);
  }
  $("next").disabled = $("previous").disabled = !matches.length;
  $("matches").textContent = words ? (matches.length ? number(matches.length) + " found" : "none found") : "";
  document.body.dataset.matches = matches.length;
  fillTasks();
  redraw();
}
function step(by) {
  if (!matches.length) return;
  if (match < 0) {
    const next = matches.findIndex((one) => one[0] >= view.from);
    match = by > 0 ? Math.max(next, 0) : (next < 0 ? matches.length : next) - 1;
    match = (match + matches.length) % matches.length;
  } else {
    match = (match + by + matches.length) % matches.length;
  }
  const [time, row, length] = matches[match];
  const span = Math.max(Math.min(view.to - view.from, 50 * Math.max(length, 1000)), length * 2);
  look(time + length / 2 - span / 2, time + length / 2 + span / 2);
  $("view").scrollTop = Math.max(0, y(row) - $("view").clientHeight / 2);
  $("matches").textContent = `${number(match + 1)} of ${number(matches.length)}`;
}

// Tables.

function escape(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span.innerHTML;
}
const p = (spread, which) => spread ? spread[which] : -1;
const TASKS = [
  ["core", (task) => task.core], ["task", (task) => task.name, true], ["polls", (task) => task.polls],
  ["share", (task) => task.permille / 10, false, (n) => n.toFixed(1) + "%"],
  ["wait p50", (task) => p(task.wake_to_poll, "p50")], ["p99", (task) => p(task.wake_to_poll, "p99")],
  ["max", (task) => p(task.wake_to_poll, "most")],
  ["poll p50", (task) => p(task.poll, "p50")], ["p99", (task) => p(task.poll, "p99")], ["max", (task) => p(task.poll, "most")],
];
const share = (part) => (core) => core.elapsed ? core[part] / core.elapsed * 100 : 0;
const percent = (n) => n.toFixed(1) + "%";
const CORES = [
  ["core", (core) => core.core], ["polls", share("polls"), false, percent], ["irq", share("interrupts"), false, percent],
  ["executor", share("executor"), false, percent], ["idle", share("idle"), false, percent],
  ["boot", share("boot"), false, percent], ["records", (core) => core.records], ["lost", (core) => core.lost_records],
];
const sorting = { tasks: [3, -1], cores: [0, 1] };
const kindOfTask = new Map(head.kinds.flatMap((kind, at) => kind.class === "task" ? [[kind.name, at]] : []));

function table(id, list, describe, choose, isChosen, swatch) {
  const [by, direction] = sorting[id];
  const headRow = $(id).tHead.rows[0];
  headRow.replaceChildren(...describe.map(([name, , text], at) => {
    const cell = document.createElement("th");
    cell.textContent = name + (at === by ? (direction > 0 ? " ▴" : " ▾") : "");
    cell.className = (text ? "text " : "") + (at === by ? "sorted" : "");
    cell.onclick = () => {
      sorting[id] = [at, at === by ? -direction : text ? 1 : -1];
      id === "tasks" ? fillTasks() : fillCores();
    };
    return cell;
  }));
  const value = describe[by][1];
  const compare = (a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * direction;
  $(id).tBodies[0].replaceChildren(...[...list].sort(compare).slice(0, 2000).map((item) => {
    const row = document.createElement("tr");
    row.className = isChosen(item) ? "chosen" : "";
    row.innerHTML = describe.map(([, get, text, format]) => {
      const content = get(item);
      const shown = text ? swatch(item) + escape(content) : format ? format(content) : content < 0 ? "–" : number(content);
      return `<td class="${text ? "text" : ""}">${shown}</td>`;
    }).join("");
    row.onclick = () => choose(item);
    return row;
  }));
}
function fillTasks() {
  const list = head.figures.tasks.filter((task) => !found || found.has(kindOfTask.get(task.name)));
  const is = (task) => chosen && chosen.kind === kindOfTask.get(task.name) && chosen.core === task.core;
  const choose = (task) => {
    chosen = is(task) ? null : { kind: kindOfTask.get(task.name), core: task.core };
    document.body.dataset.chosen = chosen ? task.name : "";
    fillTasks();
    redraw();
  };
  table("tasks", list, TASKS, choose, is, (task) => `<i style="background:${colours[kindOfTask.get(task.name)]}"></i>`);
}
function fillCores() {
  const show = (core) => { $("view").scrollTop = y(rowOfCore.get(core.core)) - RULER; };
  table("cores", head.figures.cores, CORES, show, () => false, () => "");
}
function fillLegend() {
  const item = (name, colour) => `<span><i style="background:${colour}"></i>${escape(name)}</span>`;
  const tasks = byTime.slice(0, 16).map((kind) => item(head.kinds[kind].name, colours[kind]));
  if (byTime.length > 16) tasks.push(`<span>and ${byTime.length - 16} more</span>`);
  const classes = new Map(head.kinds.map((kind, at) => [kind.class, colours[at]]));
  const rest = [["interrupt", "interrupt"], ["booting", "boot"], ["records lost", "lost"]]
    .flatMap(([name, key]) => classes.has(key) ? [item(name, classes.get(key))] : []);
  if (written.length) rest.push(item("letter", css("--accent")));
  $("legend").innerHTML = [...tasks, ...rest, item("idle, executor", css("--idle"))].join("");
}

// Pointer and keys.

function tip(event) {
  const row = rows[pointer.row];
  const box = $("tip");
  box.hidden = true;
  if (!row || drag || pointer.x < GUTTER) return;
  const time = timeAt(pointer.x), at = sliceAt(row, time);
  const near = (view.to - view.from) / (layout.width - GUTTER) * 4;
  const lines = [];
  let title = "idle or executor";
  if (at >= 0) {
    title = head.kinds[row.kind[at]].name;
    lines.push(["core", row.core], ["begins", clock(row.start[at], 0.1)],
      ["lasts", `${number(row.cycles[at])} cycles, ${duration(row.length[at])}`]);
    if (row.wait[at] !== NO_WAIT) lines.push(["waited", number(row.wait[at]) + " cycles from its wake"]);
  } else {
    lines.push(["core", row.core], ["at", clock(time, 0.1)]);
  }
  for (let mark = lowerBound(markTime, time - near); mark < markTime.length && markTime[mark] <= time + near; mark++) {
    if (markCore[mark] === row.core && lines.length < 9) lines.push(["event", head.texts[markText[mark]]]);
  }
  box.innerHTML = `<b>${escape(title)}</b><table>` +
    lines.map(([key, value]) => `<tr><td>${key}</td><td>${escape(String(value))}</td></tr>`).join("") + "</table>";
  box.hidden = false;
  const room = box.getBoundingClientRect();
  box.style.left = Math.min(event.clientX + 14, innerWidth - room.width - 6) + "px";
  box.style.top = Math.min(event.clientY + 14, innerHeight - room.height - 6) + "px";
}
function locate(event) {
  const room = canvas.getBoundingClientRect();
  const place = { x: event.clientX - room.left, y: event.clientY - room.top };
  const row = Math.floor((place.y - RULER) / layout.row);
  pointer = { ...place, row: place.y >= RULER && row < rows.length ? row : -1 };
}
canvas.addEventListener("wheel", (event) => {
  // With Shift the page scrolls through cores, if they do not fit.
  if (event.shiftKey) return;
  event.preventDefault();
  locate(event);
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    const by = event.deltaX / (layout.width - GUTTER) * (view.to - view.from);
    look(view.from + by, view.to + by);
  } else {
    zoom(1.0018 ** event.deltaY, timeAt(Math.max(pointer.x, GUTTER)));
  }
}, { passive: false });
canvas.addEventListener("pointerdown", (event) => {
  locate(event);
  canvas.setPointerCapture(event.pointerId);
  drag = { x: pointer.x, from: view.from, to: view.to, measures: event.shiftKey };
  $("tip").hidden = true;
  canvas.classList.add("dragging");
});
canvas.addEventListener("pointermove", (event) => {
  locate(event);
  if (drag && !drag.measures) {
    const by = (drag.x - pointer.x) / (layout.width - GUTTER) * (drag.to - drag.from);
    look(drag.from + by, drag.to + by);
  } else {
    tip(event);
    redraw();
  }
});
canvas.addEventListener("pointerup", () => {
  if (drag && drag.measures && Math.abs(pointer.x - drag.x) > 3) {
    look(timeAt(Math.min(drag.x, pointer.x)), timeAt(Math.max(drag.x, pointer.x)));
  }
  drag = null;
  canvas.classList.remove("dragging");
  redraw();
});
canvas.addEventListener("pointerleave", () => { pointer = null; $("tip").hidden = true; redraw(); });
canvas.addEventListener("dblclick", (event) => {
  locate(event);
  const row = rows[pointer.row], time = timeAt(pointer.x);
  const at = row ? sliceAt(row, time) : -1;
  if (at < 0) return zoom(0.25, time);
  const [start, length] = [row.start[at], row.length[at]];
  look(start - length, start + 2 * length);
});
function theme() {
  document.documentElement.classList.toggle("dark");
  dress();
}
function dress() { chooseColours(); fillLegend(); fillTasks(); fillCores(); redraw(); }
function drop() {
  $("search").value = "";
  chosen = null;
  document.body.dataset.chosen = "";
  $("help").hidden = true;
  search("");
}
const KEYS = {
  "+": () => zoom(0.5, (view.from + view.to) / 2), "=": () => zoom(0.5, (view.from + view.to) / 2),
  "-": () => zoom(2, (view.from + view.to) / 2),
  "ArrowLeft": () => move(-0.2), "ArrowRight": () => move(0.2),
  "f": () => look(0, head.end), "0": () => look(0, head.end),
  "/": () => $("search").focus(), "n": () => step(1), "N": () => step(-1), "d": theme,
  "?": () => { $("help").hidden = !$("help").hidden; }, "Escape": drop,
};
function move(share) {
  const by = share * (view.to - view.from);
  look(view.from + by, view.to + by);
}
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = document.activeElement === $("search");
  if (typing) {
    if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") { drop(); canvas.focus(); }
    return;
  }
  const action = KEYS[event.key];
  if (action) { event.preventDefault(); action(); }
});
$("search").addEventListener("input", () => search($("search").value));
$("next").onclick = () => step(1);
$("previous").onclick = () => step(-1);
$("whole").onclick = () => look(0, head.end);
$("theme").onclick = theme;
$("keys").onclick = KEYS["?"];
new ResizeObserver(() => { layout = size(); draw(); }).observe($("view"));

// Beginning.

const records = head.figures.cores.reduce((sum, core) => sum + core.records, 0);
$("title").textContent = `${rows.length} core${rows.length === 1 ? "" : "s"}, ${duration(head.end)}`;
$("about").textContent = `${number(records)} records · ${head.figures.command_line}` +
  (head.figures.outcome ? "" : " · the recorder was cut off");
document.title = `Trace: ${$("title").textContent}`;
if (!rows.length) {
  $("empty").textContent = "This trace has no records: no core came as far as its trace ring.";
  $("empty").hidden = false;
}
if (matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.classList.add("dark");
layout = size();
dress();
search("");
document.body.dataset.ready = "yes";
