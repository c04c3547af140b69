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
/** The last slice that lies in no other and begins before a time, or -1. */
function outerBefore(row, time) {
  let low = 0, high = row.outer.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (row.start[row.outer[middle]] <= time) low = middle + 1; else high = middle;
  }
  return low ? row.outer[low - 1] : -1;
}
/** First slice that may reach into the view, apart from the one that others lie in. */
const firstVisible = (row) => Math.max(lowerBound(row.start, view.from) - 1, 0);
/** The innermost slice of a row at a time, or the nearest within a few pixels. */
function sliceAt(row, time) {
  const slack = (view.to - view.from) / (layout.width - GUTTER) * 2;
  const isThere = (at) => row.start[at] - slack <= time && time <= row.start[at] + row.length[at] + slack;
  let best = outerBefore(row, time + slack);
  if (best >= 0 && !isThere(best)) best = -1;
  for (let at = lowerBound(row.start, time + slack) - 1, back = 0; at >= 0 && back < 64; at--, back++) {
    if (isThere(at) && (best < 0 || row.length[at] < row.length[best])) best = at;
    if (!isInner(row.kind[at])) break;
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
