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
function dress() { chooseColours(); fillLegend(); fillTasks(); fillCores(); fillChain(); redraw(); }
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
if (head.chain.length) showChain();
document.body.dataset.ready = "yes";
