// A search that is applied ends with its text: emptied, as by the × that browsers put into its box,
// the box asks for the rows without it; so does a link beside it, which has a key (keyboard.js). A
// page's box is filled with the text that is applied, so that is its default value; the box of the
// masthead has none.

const isApplied = (box) => box.defaultValue !== "";

function endSearch(box) {
  box.value = "";
  box.form.requestSubmit();
}

// What nobody sent is no search yet, and stays in the box that is left.
function leaveSearch(box) {
  box.blur();
  if (isApplied(box) && !box.value) endSearch(box);
}

document.addEventListener("search", ({ target }) => {
  if (target.matches("[data-search]") && isApplied(target) && !target.value) endSearch(target);
});
document.addEventListener("submit", ({ target }) => {
  const box = one("[data-search]", target);
  if (box && !box.value) box.defaultValue = ""; // Enter sends the form, and is told as a search, too
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const cleared = ctx.sourceEvent?.target?.closest?.("[data-key=c]"); // which is gone, and had the focus
  if (cleared) one("#item-pages .pager-position")?.focus();
});
