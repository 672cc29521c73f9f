// Keys for what is done often; the list of them is in the footer, and opens by "?". They can be
// turned off: a screen reader, or somebody who speaks to the machine, may use the same letters.

const KEYS_OFF = "linkboard:keys-off"; // in localStorage, so for all tabs of this browser

const keysAreOff = () => localStorage.getItem(KEYS_OFF) === "yes";
const isTyping = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

function goToRow(step) {
  const rows = [...all("table[data-rows] > tbody > tr")];
  const here = rows.indexOf(document.activeElement.closest("tr"));
  const row = rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step];
  if (row) (one("th a", row) ?? one("a, input", row))?.focus();
}

const isRowsLink = (element) => element.matches("table[data-rows] > tbody th a");
const pickRow = () => one(".pick input", document.activeElement.closest("tr"))?.click();

const keysList = () => one("#keys");

function openKeys() {
  for (const line of all("[data-needs]", keysList())) line.hidden = !one(line.dataset.needs);
  keysList().showModal(); // it takes the focus, keeps it, and gives it back
}

const KEYS = {
  "/": () => (one("main [data-search]") ?? one("[data-search]"))?.focus(),
  j: () => goToRow(1),
  k: () => goToRow(-1),
  n: () => one(".pager a[rel=next]")?.click(),
  p: () => one(".pager a[rel=prev]")?.click(),
  " ": pickRow,
  "?": () => (keysList().open ? keysList().close() : openKeys()),
};

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (keysAreOff()) return;
  if (event.key === "Escape" && event.target.matches("[data-search]")) {
    event.preventDefault(); // Chromium would empty the box
    leaveSearch(event.target);
  }
  if (isTyping(event.target)) return;
  if (one("dialog[open]") && event.key !== "?") return; // the page behind waits
  if (event.key === " " && !isRowsLink(event.target)) return; // it presses, opens and scrolls
  const act = KEYS[event.key] ?? (/^[a-z]$/.test(event.key) && (() => [...all(`[data-key="${event.key}"]`)].at(-1)?.click()));
  if (!act) return;
  event.preventDefault();
  act();
}

document.addEventListener("keydown", press);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys-button]")) openKeys();
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-keys-off]")) localStorage.setItem(KEYS_OFF, event.target.checked ? "yes" : "no");
});

for (const button of all("[data-keys-button]")) button.hidden = false;
for (const box of all("[data-keys-off]")) box.checked = keysAreOff();
