// Polling: as often as the reader wants, seldom in a hidden tab, and honest when nobody answers.

const POLL_TIMEOUT = 15 * SECOND;
const HIDDEN_EVERY = 30 * SECOND;
const MISSES_UNTIL_AWAY = 2;
const PAUSED = "linkboard:paused"; // in this tab

const isPoll = (ctx) => ctx.sourceEvent?.type === "every";
const isPaused = () => sessionStorage.getItem(PAUSED) !== null;
const polledParts = () => all("[hx-trigger*='every']");

const polls = { misses: 0, askedAt: 0, answeredAt: new Date() };

function beforePoll(event) {
  const { ctx } = event.detail;
  if (!isPoll(ctx)) return;
  const rested = Date.now() - polls.askedAt + SECOND >= HIDDEN_EVERY; // timers are late or early
  if (isPaused() || (document.hidden && !rested)) {
    event.preventDefault();
    return;
  }
  polls.askedAt = Date.now();
  ctx.request.timeout = POLL_TIMEOUT;
}

function afterPoll({ detail: { ctx } }) {
  if (!isPoll(ctx) || isPaused()) return;
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
  for (const element of polledParts()) htmx.trigger(element, "every", {}, false);
}

// ---- pausing, by a button that stands outside of what is polled ----

function pauseOrResume() {
  if (isPaused()) sessionStorage.removeItem(PAUSED);
  else sessionStorage.setItem(PAUSED, "");
  if (isPaused()) {
    for (const element of polledParts()) htmx.trigger(element, "htmx:abort", {}, false);
    polls.misses = 0;
    showAway(false);
  }
  showPause();
  announce(isPaused() ? "Paused. The numbers stay as they are." : "The page keeps itself up to date again.");
  pollAtOnce();
}

function showPause() {
  const line = one("[data-watching]");
  if (!line) return;
  const time = one("[data-checked]", line);
  const button = one("[data-pause]", line);
  if (!time.dateTime) setTime(time, new Date());
  button.textContent = isPaused() ? "Resume updates" : "Pause updates";
  button.hidden = false;
  one("[data-paused]", line).hidden = !isPaused();
  line.hidden = polledParts().length === 0; // it may have ended
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-pause]")) pauseOrResume();
});
document.addEventListener("htmx:config:request", beforePoll);
document.addEventListener("htmx:finally:request", afterPoll);
// What is asked for comes with new counts: those above it are to be of the same moment.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!isPoll(ctx)) pollAtOnce();
});
document.addEventListener("htmx:after:swap", showPause);
document.addEventListener("visibilitychange", pollAtOnce);

// HX-Trigger: {"checked": {"at": "2026-11-23T12:04:11Z"}}, on an unchanged answer (304) too
document.addEventListener("checked", (event) => {
  for (const time of all("time[data-checked]")) setTime(time, new Date(event.detail.at));
});

showPause();
