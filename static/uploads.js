// A form for a list: its file, chosen or dropped; the project that is picked; and searches.

const SIZES = ["B", "kB", "MB", "GB"];

function inWords(bytes) {
  const power = Math.min(3, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const size = bytes / 1000 ** power;
  return `${size.toFixed(power && size < 100 ? 1 : 0)} ${SIZES[power]}`;
}

// ---- the file ----

function showChosen(drop) {
  const input = one("input[type=file]", drop);
  const [file] = input.files;
  const limit = Number(input.dataset.limitMb || Infinity);
  const tooLarge = file?.size > limit * 1e6 ? `This file is larger than ${limit} MB. Send it in parts.` : "";
  input.setCustomValidity(tooLarge); // keeps the form from sending it in vain
  one("[data-drop-chosen]", drop).textContent = file ? `${file.name} (${inWords(file.size)})` : "";
  one("[data-drop-error]", drop).textContent = tooLarge;
  one("[data-drop-clear]", drop).hidden = !file;
  showList(input.form);
}

function showList(form) { // beside the button: what is going to be sent
  const line = one("[data-list]", form);
  if (!line) return;
  const [file] = one("[data-drop] input[type=file]", form).files;
  const kept = one("[name=drop_file]", form)?.checked ? "" : line.dataset.list;
  const listed = file ? `${file.name} (${inWords(file.size)})` : kept;
  const lines = one("[name=ids]", form).value.match(/\S.*/g)?.length;
  const pasted = lines ? `pasted text (${lines.toLocaleString("en")} ${lines === 1 ? "line" : "lines"})` : "";
  line.textContent = [listed, pasted].filter(Boolean).join(" and ") || line.dataset.none;
}

function takeDropped(drop, event) {
  drop.classList.remove("over");
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  one("input[type=file]", drop).files = event.dataTransfer.files;
  showChosen(drop);
}

function dragOver(event) {
  const over = event.target.closest?.("[data-drop]");
  for (const drop of all("[data-drop]")) drop.classList.toggle("over", drop === over);
  if (over) event.preventDefault();
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-drop] [type=file]")) showChosen(event.target.closest("[data-drop]"));
  else if (event.target.matches("[name=ids], [name=drop_file]")) showList(event.target.form);
});

document.addEventListener("click", (event) => {
  const drop = event.target.closest("[data-drop-clear]")?.closest("[data-drop]");
  if (!drop) return;
  const input = one("input[type=file]", drop);
  input.value = "";
  showChosen(drop);
  input.focus();
});

document.addEventListener("dragover", dragOver);
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) dragOver(event); });
document.addEventListener("drop", (event) => {
  const drop = event.target.closest?.("[data-drop]");
  if (drop) takeDropped(drop, event);
});

// ---- the project: told beside the button, and folded to one line once it is picked ----

function showPicked(picker) {
  const picked = one("input:checked", picker);
  const name = picked ? one("strong", picked.closest("label")).textContent : "";
  for (const line of all("[data-picked]")) line.textContent = name || line.dataset.none;
  if (picker.dataset.picker === (picked?.value ?? "")) return;
  picker.dataset.picker = picked?.value ?? "";
  picker.dispatchEvent(new CustomEvent("picked"));
}

function showPutBack(picker) { // what had been picked, and nobody picks now: without the focus
  const before = picker.dataset.picker;
  showPicked(picker);
  if (picker.dataset.picker && picker.dataset.picker !== before) picker.open = false;
}

function fold(picker) {
  picker.open = false;
  one("summary", picker).focus();
}

const CHOICES = "[data-picker] [type=radio]";
let byKey = false; // arrows choose one after the other, so only Enter folds then

document.addEventListener("pointerdown", () => { byKey = false; });
document.addEventListener("keydown", (event) => {
  byKey = true;
  if (event.key !== "Enter") return;
  if (event.target.matches("[data-searches]")) event.preventDefault(); // it is not sent while one types
  if (!event.target.matches(CHOICES)) return;
  event.preventDefault();
  fold(event.target.closest("[data-picker]"));
});

document.addEventListener("click", (event) => {
  if (!event.target.matches(CHOICES)) return;
  const picker = event.target.closest("[data-picker]");
  showPicked(picker);
  if (!byKey) fold(picker);
});

document.addEventListener("htmx:after:swap", () => all("[data-picker]").forEach(showPicked));

// After Back the browser puts fields back, without an event. htmx begins by a timeout, too, which was
// set before this one: it hears what is picked.
window.addEventListener("pageshow", () => setTimeout(() => {
  all("[data-drop]").forEach(showChosen);
  all("[data-picker]").forEach(showPutBack);
}));
