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
