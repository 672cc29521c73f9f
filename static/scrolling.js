// Back to a page that htmx has left: to the place where the reader was. htmx loads such a page anew,
// and a browser would keep the place of the page that it comes from. Back from what a row of a table
// leads to: with the focus on that row.

document.addEventListener("htmx:before:history:update", () => {
  history.replaceState({ ...history.state, place: scrollY }, "");
});

document.addEventListener("click", ({ target }) => {
  const row = target.closest("table[data-rows] th a")?.closest("tr");
  if (row?.id) history.replaceState({ ...history.state, row: row.id }, "");
});

// Who goes back or on before this script has come is at the address of a page that nobody has loaded.
function isLeft() {
  const [loaded] = performance.getEntriesByType("navigation");
  const page = (address) => address.split("#")[0];
  return history.state !== null && page(loaded?.name ?? location.href) !== page(location.href);
}

function showPlace() {
  if (history.state?.row !== undefined) {
    const { row, ...state } = history.state;
    history.replaceState(state, "");
    const place = document.getElementById(row);
    if (place) one("th a", place)?.focus({ preventScroll: true });
  }

  if (history.state?.place !== undefined) {
    const { place, ...state } = history.state;
    history.replaceState(state, ""); // once: who loads it again stays where they are
    history.scrollRestoration = "manual";
    scrollTo(0, place);
    window.addEventListener("load", () => setTimeout(() => { history.scrollRestoration = "auto"; }));
  }
}

if (isLeft()) location.reload();
else showPlace();
