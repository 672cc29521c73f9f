// Items picked by hand are kept in this tab, so that they survive paging, filters and polling; so
// is that all which match the filters are picked, until other filters are chosen.
// Without it the ticks of the page at hand are sent. The server says back what was picked.

(() => {
  const form = () => one("#pick");
  const key = (id) => `linkboard:picked:${id}`;
  const boxes = () => [...all("input[form=pick][name=position]")];
  const matching = () => form().elements.all;

  // what is kept: positions, or the filters of which all is picked
  function read() {
    const kept = JSON.parse(sessionStorage.getItem(key(form().dataset.pick)) || "[]");
    return typeof kept === "string" ? { filters: kept, picked: new Set() } : { picked: new Set(kept) };
  }

  function keep(kept) {
    sessionStorage.setItem(key(form().dataset.pick), JSON.stringify(kept.filters ?? [...kept.picked]));
    show(kept);
  }

  function show({ filters, picked }) {
    const every = filters === matching().value;
    for (const box of boxes()) {
      box.checked = every || picked.has(box.value);
      box.closest("tr").toggleAttribute("data-picked", box.checked);
    }
    for (const part of all("[data-pick-all]")) part.hidden = false;
    one("input[data-pick-all]").checked = boxes().every((box) => box.checked);
    matching().checked = every;
    one("[data-pick-others]").value = [...picked].join(",");
    one("[data-pick-clear]").hidden = false;
    one("[data-pick-count]").textContent = every ? "" : words(picked.size); // its box says it
    form().toggleAttribute("data-nothing", !every && picked.size === 0);
  }

  function words(count) {
    const many = `${count.toLocaleString("en")} ${count === 1 ? "item" : "items"} picked`;
    const most = Number(form().dataset.pickMost);
    return count > most ? `${many}: for more than ${most.toLocaleString("en")} use a filter.` : `${many}.`;
  }

  // A row unticked among all that match leaves the other rows of the page.
  function pick(changed) {
    const { filters, picked } = read();
    for (const box of filters ? boxes() : changed) picked[box.checked ? "add" : "delete"](box.value);
    keep({ picked });
  }

  function pickAll(checked) {
    for (const box of boxes()) box.checked = checked;
    pick(boxes());
  }

  const pickMatching = (checked) => (checked ? keep({ filters: matching().value, picked: new Set() }) : clear());

  const restore = () => { if (form()) show(read()); };

  document.addEventListener("change", ({ target }) => {
    if (target.matches("input[form=pick][name=position]")) pick([target]);
    if (target.matches("[data-pick-all]")) pickAll(target.checked);
    if (target.matches("#pick [name=all]")) pickMatching(target.checked);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-pick-clear]")) clear();
  });

  // The bar goes, and what had focus with it: on to the rows.
  function clear() {
    keep({ picked: new Set() });
    boxes()[0]?.focus();
  }

  document.addEventListener("submit", ({ target }) => {
    const id = target.dataset.pickedDone; // confirmed: these are no longer waiting to be sent
    if (id) sessionStorage.removeItem(key(id));
  });
  document.addEventListener("htmx:after:swap", restore);
  window.addEventListener("pageshow", restore); // also when Back brings a page with its old ticks
})();
