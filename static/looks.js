// Looks: the server is told when what a poll has changed was before the reader's eyes, so that it is
// no news to them. The polled part says in data-looks which revisions it shows, and in data-moving
// how many of these have not ended.

(() => {
  const TELL_EVERY = 15 * SECOND;
  const AWAY = 180 * SECOND; // then who comes back is told what changed: VISIT_SECONDS of store/visits.py

  const part = () => one("[data-looks]")?.dataset ?? { looks: "", moving: 0 };
  const here = () => location.pathname + location.search;
  const look = {
    told: part().looks, // to open the page was a look
    toldAt: Date.now(),
    moving: Number(part().moving),
    timer: 0,
    hiddenAt: document.hidden ? Date.now() : 0, // 0: the reader is here
    comesBack: false,
  };

  function send(more = {}) {
    clearTimeout(look.timer);
    look.told = part().looks;
    look.toldAt = Date.now();
    const body = new URLSearchParams({ shown: look.told, ...more });
    return fetch(one("#since").dataset.looksTo, { method: "POST", body, keepalive: true }).catch(() => {});
  }

  function tell() {
    if (!look.hiddenAt && !look.comesBack && part().looks !== look.told) send();
  }

  function lookAtPart() {
    const { looks, moving } = part();
    const hasEnded = Number(moving) < look.moving;
    look.moving = Number(moving);
    if (looks === look.told) return;
    clearTimeout(look.timer);
    if (hasEnded) tell();
    else look.timer = setTimeout(tell, Math.max(0, look.toldAt + TELL_EVERY - Date.now()));
  }

  async function comeBack() {
    const away = Date.now() - look.hiddenAt;
    look.hiddenAt = 0;
    if (away >= AWAY && part().looks) {
      look.comesBack = true;
      await send({ back: 1 });
      const swap = "outerMorph ignoreTitle:true";
      await htmx.ajax("GET", here(), { source: "#since", target: "#since", select: "#since", swap });
      look.comesBack = false;
    }
    lookAtPart();
  }

  function leave() {
    tell();
    clearTimeout(look.timer);
  }

  document.addEventListener("htmx:after:swap", lookAtPart);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      comeBack();
      return;
    }
    leave();
    look.hiddenAt = Date.now();
  });
  addEventListener("pagehide", leave);
})();
