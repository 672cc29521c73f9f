// A search that is applied ends with its text: emptied, by the × that browsers put into its box or
// by Escape (keyboard.js), the box asks for the rows without it. A page's box is filled with the
// text that is applied, so that is its default value; the box of the masthead has none.

const isApplied = (box) => box.defaultValue !== "";

function endSearch(box) {
  box.value = "";
  box.form.requestSubmit();
}

// What nobody sent is no search yet, and stays in the box that is left.
function leaveSearch(box) {
  box.blur();
  if (isApplied(box) && ["", box.defaultValue].includes(box.value)) endSearch(box);
}

document.addEventListener("search", ({ target }) => {
  if (target.matches("[data-search]") && isApplied(target) && !target.value) endSearch(target);
});
document.addEventListener("submit", ({ target }) => {
  const box = one("[data-search]", target);
  if (box && !box.value) box.defaultValue = ""; // Enter sends the form, and is told as a search, too
});
