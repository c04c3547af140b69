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
  drawChain(height);
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
  const around = outerBefore(row, view.from);
  for (let next = around >= 0 && around < first ? first - 1 : first; next < last; next++) {
    const at = next < first ? around : next;
    const end = row.start[at] + row.length[at];
    if (end < view.from) continue;
    const kind = row.kind[at], left = Math.max(x(row.start[at]), GUTTER), right = Math.min(x(end), layout.width);
    const wide = Math.max(right - left, 1);
    if (right <= drawnTo && kind === drawnKind) continue;
    // Interrupts hang from the top of the row, guests stand at its bottom.
    const where = { interrupt: [0, 0.45, 0.24], guest: [0.7, 0.3, 0.86] }[head.kinds[kind].class] || [0, 1, 0.58];
    context.globalAlpha = isLit(kind, row.core) ? 1 : 0.12;
    context.fillStyle = colours[kind];
    context.fillRect(left, top + tall * where[0], wide, tall * where[1]);
    if (!isInner(kind)) { drawnTo = left + wide; drawnKind = kind; }
    if (wide > 34 && tall * where[1] > 9) shown.push([head.kinds[kind].name, left, wide, where[2]]);
  }
  context.globalAlpha = 1;
  context.fillStyle = "#fff";
  for (const [name, left, wide, middle] of shown) {
    context.save();
    context.beginPath();
    context.rect(left, top, wide - 3, tall);
    context.clip();
    context.fillText(name, left + 4, top + tall * middle);
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
  context.strokeStyle = css("--ink");
  context.fillStyle = css("--ink");
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
