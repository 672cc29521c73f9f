// Items picked by hand are kept in this tab over the pages of one table, and while it moves; so is
// that all which match its filters are picked. Other filters, and the table opened anew, begin with
// nothing picked: what cannot be seen is not acted upon. Without it the ticks of the page at hand
// are sent. The server says back what was picked.

(() => {
  const table = () => one("#item-table[data-pick]");
  const form = () => one("#pick");
  const keyOf = (id) => `linkboard:picked:${id}`;
  const key = () => keyOf(table().dataset.pick);
  const boxes = () => [...all("input[form=pick][name=position]")];
  const matching = () => form().elements.all;

  // what is kept: the filters within which one picked, and positions, or that it is every item
  const kept = () => JSON.parse(sessionStorage.getItem(key())) ?? {};

  function read() {
    const { every = false, picked } = kept();
    return { every, picked: new Set(picked) };
  }

  function keep({ every = false, picked = new Set() }) {
    const { pickFilters: filters } = table().dataset;
    sessionStorage.setItem(key(), JSON.stringify({ filters, every, picked: [...picked] }));
    show({ every, picked });
  }

  const forget = () => sessionStorage.removeItem(key());

  function show({ every, picked }) {
    for (const box of boxes()) {
      box.checked = every || picked.has(box.value);
      box.closest("tr").toggleAttribute("data-picked", box.checked);
    }
    const elsewhere = every ? 0 : picked.size - boxes().filter((box) => box.checked).length;
    for (const part of all("[data-pick-all]")) part.hidden = false;
    one("input[data-pick-all]").checked = boxes().every((box) => box.checked);
    matching().checked = every;
    one("[data-pick-others]").value = [...picked].join(",");
    one("[data-pick-clear]").hidden = false;
    one("[data-pick-here]").hidden = elsewhere === 0;
    one("[data-pick-count]").textContent = every ? "" : words(picked.size, elsewhere); // its box says it
    form().toggleAttribute("data-nothing", !every && picked.size === 0);
  }

  function words(count, elsewhere) {
    const number = (value) => value.toLocaleString("en");
    const most = Number(form().dataset.pickMost);
    const some = elsewhere && elsewhere < count ? `, ${number(elsewhere)} of them on other pages` : "";
    const where = elsewhere === count && count ? ", not on this page" : some;
    const limit = count > most ? ` For more than ${number(most)} use a filter.` : "";
    return `${number(count)} ${count === 1 ? "item" : "items"} picked${where}.${limit}`;
  }

  // A row unticked among all that match leaves the other rows of the page.
  function pick(changed) {
    const { every, picked } = read();
    for (const box of every ? boxes() : changed) picked[box.checked ? "add" : "delete"](box.value);
    keep({ picked });
  }

  function pickAll(checked) {
    for (const box of boxes()) box.checked = checked;
    pick(boxes());
  }

  const pickMatching = (checked) => (checked ? keep({ every: true }) : keepAndGoOn(new Set()));

  // What had focus goes: on to the rows.
  function keepAndGoOn(picked) {
    keep({ picked });
    boxes()[0]?.focus();
  }

  const pickedHere = () => new Set(boxes().filter((box) => box.checked).map((box) => box.value));

  function drop() {
    const count = kept().picked?.length;
    forget();
    if (!count) return;
    const line = one("[data-pick-dropped]");
    one("[data-pick-dropped-count]").textContent = count.toLocaleString("en");
    line.hidden = false;
    announce(line.textContent);
  }

  function restore() {
    if (table() && kept().filters !== table().dataset.pickFilters) drop();
    if (form()) show(read());
  }

  document.addEventListener("change", ({ target }) => {
    if (target.matches("input[form=pick][name=position]")) pick([target]);
    if (target.matches("[data-pick-all]")) pickAll(target.checked);
    if (target.matches("#pick [name=all]")) pickMatching(target.checked);
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-pick-clear]")) keepAndGoOn(new Set());
    if (target.closest("[data-pick-here]")) keepAndGoOn(pickedHere());
  });
  document.addEventListener("submit", ({ target }) => {
    const id = target.dataset.pickedDone; // confirmed: these are no longer waiting to be sent
    if (id) sessionStorage.removeItem(keyOf(id));
  });
  document.addEventListener("htmx:after:swap", restore);
  window.addEventListener("pageshow", restore); // also when Back brings a page with its old ticks

  const [opening] = performance.getEntriesByType("navigation");
  if (opening?.type === "navigate" && table()) forget(); // Back and a reload are not anew
})();
