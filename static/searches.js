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
// The focus goes to where the rows begin: from what was typed and sent, and from a link that is gone.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const asked = ctx.sourceEvent?.target?.closest?.("[data-key=c], form:has([data-search])");
  if (asked && (asked.matches("a") || one("[data-search]", asked).value)) one("#item-pages .pager-position")?.focus();
});
