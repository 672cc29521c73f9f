// What a page does beyond htmx: here words for times and copying, and what the other scripts use.
// It is loaded before all of these but parts.js.
// Every page works without them. None builds HTML from data, and none needs eval.

const SECOND = 1000;
const REWORD_EVERY = 15 * SECOND;

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
  day: (moment) => day.format(moment),
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

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

// ---- menus: they open without a script, and close by Escape or a click elsewhere ----

function closeMenus(within) {
  for (const menu of all("details.menu[open]")) if (!menu.contains(within)) menu.open = false;
}

document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && one("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  one("summary", menu).focus();
});

document.addEventListener("htmx:after:swap", () => wordTimes());

wordTimes();
setInterval(() => { if (!document.hidden) wordTimes(); }, REWORD_EVERY);
