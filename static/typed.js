// A form that is sent after its reader was signed out: once signed in again, what was typed is back
// in it, in this tab and for the same account. A file has to be chosen again.

const TYPED = "linkboard:typed"; // in this tab

const account = () => one("[data-account]")?.dataset.account;
const here = () => location.pathname + location.search;

function keepTyped(form) {
  const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string");
  try {
    sessionStorage.setItem(TYPED, JSON.stringify({ account: account(), here: here(), fields }));
  } catch {
    sessionStorage.removeItem(TYPED); // there is no room for so much
  }
}

function putBack(form, fields) {
  for (const [name, value] of fields) {
    for (const control of all(`[name="${CSS.escape(name)}"]`, form)) {
      if (control.matches("textarea, [type=text]")) control.value = value;
      else if (control.matches("[type=radio], [type=checkbox]") && control.value === value) control.checked = true;
      control.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  all("[data-picker]", form).forEach(showPicked);
  one("[data-typed]", form).hidden = false;
}

function takeTyped() {
  if (!account()) return; // the page to sign in
  const kept = JSON.parse(sessionStorage.getItem(TYPED) ?? "null");
  sessionStorage.removeItem(TYPED);
  const form = one("[data-typed]")?.closest("form");
  if (form && kept?.account === account() && kept.here === here()) putBack(form, kept.fields);
}

document.addEventListener("submit", ({ target }) => {
  if (one("[data-typed]", target)) keepTyped(target);
});

takeTyped();
