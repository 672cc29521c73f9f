// The chart of progress over time: what it was at the moment under the pointer, or chosen by keys.

const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" });
const hours = { hour: "2-digit", minute: "2-digit" };
const TICKS = {
  seconds: new Intl.DateTimeFormat("en-GB", { ...hours, second: "2-digit" }),
  minutes: new Intl.DateTimeFormat("en-GB", hours),
  days: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...hours }),
};

const chosen = { at: null }; // seconds since 1970; null: the last one of the chart

function wordChart(figure) {
  for (const text of all("text[data-at]", figure)) {
    text.textContent = TICKS[text.dataset.words].format(new Date(text.dataset.at * SECOND));
  }
  const named = zone.formatToParts(new Date()).find((part) => part.type === "timeZoneName");
  one("[data-chart-zone]", figure).textContent = named.value;
}

function nearest(moments, at) {
  let found = 0; // the counts of a moment hold until the next one
  for (const [n, moment] of moments.entries()) if (moment <= at) found = n;
  return found;
}

function showMoment(figure) {
  const { from, until, at, counts } = JSON.parse(figure.dataset.chart);
  const number = chosen.at === null ? at.length - 1 : nearest(at, chosen.at);
  const shown = [...counts[number]].reverse().map((count) => count.toLocaleString("en-US"));
  const moment = one("[data-chart-moment]", figure);
  const time = one("[data-chart-at]", figure);
  setTime(time, new Date(at[number] * SECOND));
  const told = [...all("[data-chart-count]", figure)].flatMap((count, n) => {
    count.textContent = shown[n];
    count.parentElement.hidden = shown[n] === "0";
    return shown[n] === "0" ? [] : `${shown[n]} ${count.previousSibling.textContent.trim()}`;
  });
  moment.value = number;
  moment.setAttribute("aria-valuetext", `${time.textContent}: ${told.join(", ")}`);
  const x = (1000 * (at[number] - from)) / Math.max(until - from, 1);
  one("[data-chart-cursor]", figure).setAttribute("d", chosen.at === null ? "" : `M${x.toFixed(1)} 0v400`);
}

function choose(figure, at) {
  chosen.at = at;
  showMoment(figure);
}

function atPointer(event) {
  const frame = event.target.closest?.("[data-chart-frame]");
  if (!frame) return;
  const { left, width } = frame.getBoundingClientRect();
  const figure = frame.closest("[data-chart]");
  const { from, until } = JSON.parse(figure.dataset.chart);
  choose(figure, from + ((until - from) * (event.clientX - left)) / width);
}

function leaveChart(event) {
  const frame = event.target.closest?.("[data-chart-frame]");
  if (frame && !frame.contains(event.relatedTarget)) choose(frame.closest("[data-chart]"), null);
}

function atKeys(event) {
  if (!event.target.matches?.("[data-chart-moment]")) return;
  const figure = event.target.closest("[data-chart]");
  choose(figure, JSON.parse(figure.dataset.chart).at[event.target.value]);
}

function wordCharts() {
  for (const figure of all("[data-chart]")) {
    wordChart(figure);
    showMoment(figure);
  }
}

document.addEventListener("pointermove", atPointer);
document.addEventListener("pointerdown", atPointer);
document.addEventListener("pointerout", leaveChart);
document.addEventListener("focusout", leaveChart);
document.addEventListener("input", atKeys);
document.addEventListener("htmx:after:swap", wordCharts);
wordCharts();
