// A file, chosen or dropped, and the searches of a form.


const SIZES = ["bytes", "kB", "MB", "GB"];

function inWords(bytes) {
  const power = Math.min(3, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const size = bytes / 1000 ** power;
  return `${size.toFixed(power && size < 100 ? 1 : 0)} ${SIZES[power]}`;
}

function showChosen(drop) {
  const input = one("input", drop);
  const [file] = input.files;
  const limit = Number(input.dataset.limitMb || Infinity);
  const tooLarge = file?.size > limit * 1e6 ? `This file is larger than ${limit} MB. Send it in parts.` : "";
  input.setCustomValidity(tooLarge); // keeps the form from sending it in vain
  one("[data-drop-chosen]", drop).textContent = file ? `${file.name} (${inWords(file.size)})` : "";
  one("[data-drop-error]", drop).textContent = tooLarge;
}

function takeDropped(drop, event) {
  drop.classList.remove("over");
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  one("input", drop).files = event.dataTransfer.files;
  showChosen(drop);
}

function dragOver(event) {
  const over = event.target.closest?.("[data-drop]");
  for (const drop of all("[data-drop]")) drop.classList.toggle("over", drop === over);
  if (over) event.preventDefault();
}

document.addEventListener("change", (event) => {
  const drop = event.target.closest("[data-drop]");
  if (drop) showChosen(drop);
});

document.addEventListener("keydown", (event) => { // what searches while one types is not sent
  if (event.key === "Enter" && event.target.matches("[data-searches]")) event.preventDefault();
});

document.addEventListener("dragover", dragOver);
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) dragOver(event); });
document.addEventListener("drop", (event) => {
  const drop = event.target.closest?.("[data-drop]");
  if (drop) takeDropped(drop, event);
});
