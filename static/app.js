// What a page does beyond htmx: words for times, copying, dropped files, and calm polling.
// Every page works without it. Nothing here builds HTML from data, and nothing needs eval.

const SECOND = 1000;
const REWORD_EVERY = 15 * SECOND;
const POLL_TIMEOUT = 15 * SECOND;
const MISSES_UNTIL_AWAY = 2;

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => root.querySelectorAll(selector);

// ---- times: absolute in the HTML (UTC), worded here in the reader's own zone ----

const exactly = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "long" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

function ago(moment, now) {
  const seconds = Math.round((now - moment) / SECOND);
  const distance = Math.abs(seconds);
  if (distance < 5) return "just now";
  if (distance >= 30 * 86400) return day.format(moment);
  const [unit, size] = UNITS.find(([, size]) => distance >= size);
  const amount = `${Math.floor(distance / size)} ${unit}`;
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

const sameDay = (a, b) => a.toDateString() === b.toDateString();

const WORDINGS = {
  ago,
  clock: (moment, now) => (sameDay(moment, now) ? clock : exactly).format(moment),
};

function wordTimes(root = document) {
  const now = new Date();
  for (const time of all("time[data-shown]", root)) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    const words = WORDINGS[time.dataset.shown](moment, now);
    if (time.textContent !== words) time.textContent = words;
    time.title = exactly.format(moment);
  }
}

function setTime(time, moment) {
  time.dateTime = moment.toISOString();
  wordTimes(time.parentElement);
}

// ---- copying ----

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text); // plain http beyond loopback has no clipboard
  }
  announce(`Copied ${text}`);
  button.dataset.copied = "";
  setTimeout(() => delete button.dataset.copied, 2 * SECOND);
}

function copyBySelection(text) {
  const area = document.createElement("textarea");
  const focused = document.activeElement;
  area.className = "visually-hidden";
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  focused?.focus();
}

function announce(text) {
  one("[data-announcer]").textContent = text;
}

// ---- a file, chosen or dropped ----

const SIZES = ["bytes", "kB", "MB", "GB"];

function inWords(bytes) {
  const power = Math.min(3, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const size = bytes / 1000 ** power;
  return `${size.toFixed(power && size < 100 ? 1 : 0)} ${SIZES[power]}`;
}

function showChosen(drop) {
  const input = one("input", drop);
  const [file] = input.files;
  const limit = Number(input.dataset.limitMb || Infinity);
  const tooLarge = file?.size > limit * 1e6 ? `This file is larger than ${limit} MB. Send it in parts.` : "";
  input.setCustomValidity(tooLarge); // keeps the form from sending it in vain
  one("[data-drop-chosen]", drop).textContent = file ? `${file.name} (${inWords(file.size)})` : "";
  one("[data-drop-error]", drop).textContent = tooLarge;
}

function takeDropped(drop, event) {
  drop.classList.remove("over");
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  one("input", drop).files = event.dataTransfer.files;
  showChosen(drop);
}

function dragOver(event) {
  const over = event.target.closest?.("[data-drop]");
  for (const drop of all("[data-drop]")) drop.classList.toggle("over", drop === over);
  if (over) event.preventDefault();
}

// ---- polling: not in a hidden tab, and honest when nobody answers ----

const isPoll = (ctx) => ctx.sourceEvent?.type === "every";

const polls = { misses: 0, answeredAt: new Date() };

function beforePoll(event) {
  const { ctx } = event.detail;
  if (!isPoll(ctx)) return;
  if (document.hidden) event.preventDefault();
  ctx.request.timeout = POLL_TIMEOUT;
}

function afterPoll(event) {
  const { ctx } = event.detail;
  if (!isPoll(ctx)) return;
  const answered = ctx.response && ctx.response.status < 500;
  polls.misses = answered ? 0 : polls.misses + 1;
  if (answered) polls.answeredAt = new Date();
  showAway(polls.misses >= MISSES_UNTIL_AWAY);
}

function showAway(away) {
  const banner = one("[data-away]");
  if (banner.hidden === !away) return;
  if (away) setTime(one("time", banner), polls.answeredAt);
  banner.hidden = !away;
  document.documentElement.toggleAttribute("data-stale", away);
}

function pollAtOnce() {
  if (document.hidden) return;
  wordTimes();
  for (const element of all("[hx-trigger*='every']")) htmx.trigger(element, "every", {}, false);
}

// ---- a click or a search that brought nothing: why, and the way that needs no script ----

const NO_ANSWER = "Linkboard did not answer. What you see below is as it was.";

function tellFailure({ detail: { ctx } }) {
  if (!ctx || isPoll(ctx) || ctx.response?.status === 401) return; // a 401 leads to signing in
  const banner = one("[data-failure]");
  const itself = ctx.sourceElement.matches("a, form");
  one("[data-failure-why]", banner).textContent = reasonOf(ctx);
  one("a", banner).href = itself ? ctx.request.action : location.href;
  banner.hidden = false;
}

function reasonOf({ response, text }) {
  const inWords = response?.headers.get("Content-Type")?.startsWith("text/plain");
  return inWords ? text : NO_ANSWER;
}

function forgetFailure({ detail: { ctx } }) {
  if (!isPoll(ctx)) one("[data-failure]").hidden = true;
}

function keepAddress(event) {
  if (event.detail.response?.status >= 400) event.preventDefault(); // the page still shows the old one
}

// ---- the page ----

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

document.addEventListener("change", (event) => {
  const drop = event.target.closest("[data-drop]");
  if (drop) showChosen(drop);
});

document.addEventListener("keydown", (event) => { // what searches while one types is not sent
  if (event.key === "Enter" && event.target.matches("[data-searches]")) event.preventDefault();
});

document.addEventListener("dragover", dragOver);
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) dragOver(event); });
document.addEventListener("drop", (event) => {
  const drop = event.target.closest?.("[data-drop]");
  if (drop) takeDropped(drop, event);
});

document.addEventListener("htmx:config:request", beforePoll);
document.addEventListener("htmx:finally:request", afterPoll);
document.addEventListener("htmx:before:request", forgetFailure);
document.addEventListener("htmx:response:error", tellFailure);
document.addEventListener("htmx:error", tellFailure);
document.addEventListener("htmx:before:history:update", keepAddress);
document.addEventListener("htmx:after:swap", () => wordTimes());
document.addEventListener("visibilitychange", pollAtOnce);

// HX-Trigger: {"checked": {"at": "2026-11-23T12:04:11Z"}}, on an unchanged answer (304) too
document.addEventListener("checked", (event) => {
  for (const time of all("time[data-checked]")) setTime(time, new Date(event.detail.at));
});

wordTimes();
setInterval(() => { if (!document.hidden) wordTimes(); }, REWORD_EVERY);
