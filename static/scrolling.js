// Back to a page that htmx has left: to the place where the reader was. htmx loads such a page anew,
// and a browser would keep the place of the page that it comes from.

document.addEventListener("htmx:before:history:update", () => {
  history.replaceState({ ...history.state, place: scrollY }, "");
});

if (history.state?.place !== undefined) {
  const { place, ...state } = history.state;
  history.replaceState(state, ""); // once: who loads it again stays where they are
  history.scrollRestoration = "manual";
  scrollTo(0, place);
  window.addEventListener("load", () => setTimeout(() => { history.scrollRestoration = "auto"; }));
}
