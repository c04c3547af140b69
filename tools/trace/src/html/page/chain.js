// Why a task was late: links of a chain, from the poll that was asked for to what led to it first.

let link = -1;

function fillChain() {
  $("chain").hidden = !head.chain.length;
  $("links").replaceChildren(...head.chain.map((one, at) => {
    const item = document.createElement("li");
    item.className = at === link ? "chosen" : "";
    const waited = one.waited === null ? "its wake is not recorded" : `${number(one.waited)} cycles after its wake`;
    const lines = [`polled at ${clock(one.from, 1)}, ${waited}`,
      ...one.meanwhile.map((words) => "waited for " + words), one.cause];
    item.innerHTML = `<b>core ${one.core} ${escape(one.task)}</b>` +
      lines.map((words) => `<span>${escape(words)}</span>`).join("");
    item.onclick = () => choose(at);
    return item;
  }));
}
/** Shows a link with what surrounds it. */
function choose(at) {
  link = at;
  document.body.dataset.link = at;
  const { from, to, woken } = head.chain[at];
  const start = woken === null ? from : woken;
  const margin = Math.max(to - start, 1000);
  look(start - margin, to + margin);
  $("view").scrollTop = Math.max(0, y(rowOfCore.get(head.chain[at].core)) - $("view").clientHeight / 2);
  fillChain();
}
function showChain() {
  const first = Math.min(...head.chain.map((one) => one.woken === null ? one.from : one.woken));
  const last = Math.max(...head.chain.map((one) => one.to));
  look(first - (last - first) / 20, last + (last - first) / 20);
}

/** Frames the polls of the chain, marks waits below them, and leads from each deed to the wake that it caused. */
function drawChain(height) {
  const colour = css("--chain");
  context.strokeStyle = context.fillStyle = colour;
  const middle = (core) => y(rowOfCore.get(core)) + height / 2;
  head.chain.forEach((one, at) => {
    if (!rowOfCore.has(one.core)) return;
    const top = y(rowOfCore.get(one.core));
    const [left, right] = [x(one.from), x(one.to)];
    context.lineWidth = at === link ? 4 : 2;
    context.strokeRect(left, top + 1, Math.max(right - left, 2), height - 2);
    if (one.woken === null) return;
    context.fillRect(x(one.woken), top + height - 4, Math.max(left - x(one.woken), 1), 3);
    const next = head.chain[at + 1];
    if (one.led === null || !next || !rowOfCore.has(next.core)) return;
    context.beginPath();
    context.moveTo(x(one.led), middle(next.core));
    context.lineTo(x(one.woken), middle(one.core));
    context.stroke();
  });
  context.lineWidth = 1;
}
