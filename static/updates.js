// What a poll changed: in the title and the icon of the browser's tab, by a glow, announced, and at the end.
// The polled part says it in data-…: headline, icon, percent, failed, ended, rowsChanged.

(() => {
  const TOLD_EVERY = 30 * SECOND;

  const polled = () => one("#progress[data-icon], #rows[data-icon]");
  const tab = {
    name: nameWithoutHeadline(),
    seen: state(),
    counts: counts(),
    selected: null, // ends of the selection before a swap
    place: null, // what has the focus, and where
    isOld: false, // it has ended, and the page still shows what was before
  };
  const announced = { state: tab.seen, at: -TOLD_EVERY, timer: 0 };

  function state() {
    const { headline = "", icon = "none", percent, failed, ended, rowsChanged } = polled()?.dataset ?? {};
    return {
      headline,
      icon,
      percent: Number(percent ?? NaN),
      failed: Number(failed ?? 0),
      ended: ended !== undefined,
      rowsChanged: Number(rowsChanged ?? 0),
      away: !one("[data-away]").hidden,
      worker: one("#worker-banner .banner")?.innerText ?? "",
    };
  }

  // ---- the tab ----

  function nameWithoutHeadline() {
    const prefix = `${polled()?.dataset.headline} · `;
    return document.title.startsWith(prefix) ? document.title.slice(prefix.length) : document.title;
  }

  function showInTab({ headline, icon }) {
    document.title = headline ? `${headline} · ${tab.name}` : tab.name;
    const link = one("link[rel=icon]");
    const file = icon === "none" ? "favicon.svg" : `favicon-${icon}.svg`;
    const href = link.getAttribute("href").replace(/favicon[-a-z]*\.svg/, file);
    if (link.getAttribute("href") !== href) link.setAttribute("href", href);
  }

  // ---- counts: what has changed glows once, and rows come when they are asked for ----

  function nameOf({ dataset }) { // of a count: its status, or a name of its own
    return dataset.count ?? dataset.status;
  }

  function numbers() {
    return [...all("[data-count], .count[data-status]")];
  }

  function counts() {
    return new Map(numbers().map((element) => [nameOf(element), element.textContent]));
  }

  function glow() {
    for (const element of numbers()) {
      const before = tab.counts.get(nameOf(element));
      if (before !== undefined && before !== element.textContent) element.setAttribute("data-glows", "");
    }
  }

  function countChangedRows({ rowsChanged }) {
    const table = one("#item-table[data-rows-changed]");
    const line = table && one("[data-rows-changed-line]", table);
    if (!line) return;
    const count = rowsChanged - Number(table.dataset.rowsChanged);
    one("[data-rows-changed-count]", line).textContent = count.toLocaleString("en");
    line.hidden = count <= 0;
  }

  // ---- the selection: text that is replaced within a node loses it; a field keeps its own ----

  function keepSelection() {
    const { type, anchorNode, anchorOffset, focusNode, focusOffset } = getSelection();
    const typed = document.activeElement.matches("input, textarea");
    tab.selected = type === "Range" && !typed ? [anchorNode, anchorOffset, focusNode, focusOffset] : null;
  }

  function restoreSelection() {
    if (!tab.selected) return;
    const [anchor, start, focus, end] = tab.selected;
    if (!anchor.isConnected || !focus.isConnected) return;
    const within = (node, offset) => Math.min(offset, node.length ?? node.childNodes.length);
    getSelection().setBaseAndExtent(anchor, within(anchor, start), focus, within(focus, end));
  }

  // ---- the focus: what has the focus stays where it is, though a new status needs a row above;
  // a browser sees to that by itself only where the page is scrolled ----

  function keepPlace() {
    const element = document.activeElement;
    const isBelow = element !== document.body && !polled()?.contains(element);
    const { top } = element.getBoundingClientRect();
    const before = tab.place?.element === element ? tab.place.top : top;
    const wanted = Math.abs(top - before) <= 1 ? before : top; // pages scroll by whole pixels: no drift
    tab.place = isBelow ? { element, top: wanted } : null;
    document.documentElement.toggleAttribute("data-keeps-place", isBelow);
  }

  function restorePlace() {
    if (tab.place) scrollBy(0, tab.place.element.getBoundingClientRect().top - tab.place.top);
    requestAnimationFrame(() => document.documentElement.removeAttribute("data-keeps-place"));
  }

  // ---- announcements: one at most every 30 s ----

  function changes(before, now) {
    const said = [];
    if (now.away && !before.away) said.push(one("[data-away]").innerText);
    if (before.away && !now.away) said.push("Linkboard answers again.");
    if (now.worker && !before.worker) said.push(now.worker);
    const ended = now.ended && !before.ended;
    if (ended) said.push(`It has ended. ${outcome()}`);
    else if (tens(now) > tens(before)) said.push(`${now.percent} % done.`);
    if (now.failed && !before.failed && !ended) said.push(`${now.failed.toLocaleString("en")} failed.`);
    return said.join(" ");
  }

  const tens = ({ percent }) => Math.floor(percent / 10);
  const outcome = () => one(".standing p", polled())?.innerText ?? "";

  function tellNow() {
    const words = changes(announced.state, tab.seen);
    announced.state = tab.seen;
    if (!words) return;
    announced.at = Date.now();
    announce(words);
  }

  function tell() {
    clearTimeout(announced.timer);
    announced.timer = setTimeout(tellNow, Math.max(0, announced.at + TOLD_EVERY - Date.now()));
  }

  // ---- the end: the page brings itself up to date, unless that would disturb somebody ----

  function isBusy() {
    const main = one("#main");
    const focused = document.activeElement;
    return getSelection().type === "Range"
      || one("details.menu[open], dialog[open]") !== null
      || focused.matches("input:not([type=checkbox], [type=radio]), textarea, select, [data-watching] *")
      || [...all("input:not([type=range], [type=hidden]), textarea, select", main)].some(isChanged);
  }

  function isChanged(field) {
    if (field.matches("select")) {
      return [...field.options].some(({ selected, defaultSelected, index }) => selected && !defaultSelected && index);
    }
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  }

  // What was told when an attempt began; who has just begun it has the focus there.
  function dropOldNotices() {
    for (const notice of all(".notice.success")) {
      if (notice.contains(document.activeElement)) one("#main").focus({ preventScroll: true });
      notice.remove();
    }
  }

  async function bringUpToDate() {
    if (!isBusy()) {
      dropOldNotices();
      const since = one("#since");
      since.toggleAttribute("hx-morph-skip", !document.hidden); // what was watched is no news
      const here = location.pathname + location.search;
      await htmx.ajax("GET", here, { target: "#main", select: "#main", swap: "outerMorph ignoreTitle:true" });
      since.removeAttribute("hx-morph-skip");
    }
    tab.isOld = true; // where it worked there is no such sentence any more
    sayThatItEnded();
  }

  function sayThatItEnded() {
    const sentence = one("[data-ended-meanwhile]");
    if (sentence && tab.isOld) sentence.hidden = false;
  }

  function lookAtPage() {
    const before = tab.seen;
    const now = tab.seen = state();
    showInTab(now);
    countChangedRows(now);
    sayThatItEnded();
    if (now.ended && !before.ended) {
      notifyOfEnd(outcome());
      bringUpToDate();
    }
    tell();
  }

  document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
    if (!isPoll(ctx)) return;
    keepSelection();
    keepPlace();
  });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (isPoll(ctx)) {
      restoreSelection();
      restorePlace();
      glow();
    }
    tab.counts = counts();
    lookAtPage();
  });
  document.addEventListener("animationend", ({ target }) => target.removeAttribute("data-glows"));
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (isPoll(ctx)) lookAtPage();
  });

  lookAtPage();
})();
