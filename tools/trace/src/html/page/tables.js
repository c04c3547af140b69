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
  const rest = [["interrupt", "interrupt"], ["guest", "guest"], ["booting", "boot"], ["records lost", "lost"]]
    .flatMap(([name, key]) => classes.has(key) ? [item(name, classes.get(key))] : []);
  if (written.length) rest.push(item("letter", css("--ink")));
  $("legend").innerHTML = [...tasks, ...rest, item("idle, executor", css("--idle"))].join("");
}
