// Polling: not in a hidden tab, and honest when nobody answers.

const POLL_TIMEOUT = 15 * SECOND;
const MISSES_UNTIL_AWAY = 2;


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

document.addEventListener("htmx:config:request", beforePoll);
document.addEventListener("htmx:finally:request", afterPoll);
document.addEventListener("visibilitychange", pollAtOnce);

// HX-Trigger: {"checked": {"at": "2026-11-23T12:04:11Z"}}, on an unchanged answer (304) too
document.addEventListener("checked", (event) => {
  for (const time of all("time[data-checked]")) setTime(time, new Date(event.detail.at));
});
