// Items picked by hand are kept in this tab, so that they survive paging, filters and polling.
// Without it the ticks of the page at hand are sent. The server says back what was picked.

(() => {
  const form = () => document.querySelector("#pick");
  const key = (id) => `linkboard:picked:${id}`;
  const boxes = () => document.querySelectorAll("input[form=pick][name=position]");

  const read = () => new Set(JSON.parse(sessionStorage.getItem(key(form().dataset.pick)) || "[]"));

  function keep(picked) {
    sessionStorage.setItem(key(form().dataset.pick), JSON.stringify([...picked]));
    show(picked);
  }

  function show(picked) {
    for (const box of boxes()) box.checked = picked.has(box.value);
    const all = document.querySelector("[data-pick-all]");
    all.hidden = false;
    all.checked = boxes().length > 0 && [...boxes()].every((box) => box.checked);
    form().querySelector("[data-pick-others]").value = [...picked].join(",");
    form().querySelector("[data-pick-clear]").hidden = picked.size === 0;
    form().querySelector("[data-pick-count]").textContent = words(picked.size);
  }

  function words(count) {
    if (count === 0) return "Tick items, then choose what to do with them.";
    const many = `${count.toLocaleString("en")} ${count === 1 ? "item" : "items"} picked`;
    const most = Number(form().dataset.pickMost);
    return count > most ? `${many}: more than ${most.toLocaleString("en")} need a filter.` : `${many}.`;
  }

  function pick(changed) {
    const picked = read();
    for (const box of changed) picked[box.checked ? "add" : "delete"](box.value);
    keep(picked);
  }

  function pickAll(checked) {
    for (const box of boxes()) box.checked = checked;
    pick(boxes());
  }

  const restore = () => { if (form()) show(read()); };

  document.addEventListener("change", (event) => {
    if (event.target.matches("input[form=pick][name=position]")) pick([event.target]);
    if (event.target.matches("[data-pick-all]")) pickAll(event.target.checked);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-pick-clear]")) keep(new Set());
  });
  document.addEventListener("submit", (event) => {
    const id = event.target.dataset.pickedDone; // confirmed: these are no longer waiting to be sent
    if (id) sessionStorage.removeItem(key(id));
  });
  document.addEventListener("htmx:after:swap", restore);
  window.addEventListener("pageshow", restore); // also when Back brings a page with its old ticks
})();
