// A form that is sent after its reader was signed out: once signed in again, what was typed is back
// in it, in this tab and for the same account. A file has to be chosen again.

const TYPED = "linkboard:typed"; // in this tab

const account = () => one("[data-account]")?.dataset.account;
const placeOf = (form) => form.getAttribute("action"); // also where the form came with an error

function keepTyped(form) {
  const sent = [...new FormData(form)];
  const fields = sent.filter(([, value]) => typeof value === "string");
  const keptFile = one("[name=kept_file]", form) && !one("[name=drop_file]", form)?.checked;
  const file = Boolean(keptFile) || sent.some(([, value]) => value.name); // that of no file is empty
  keep({ account: account(), place: placeOf(form), fields, file });
}

function keep(kept) {
  try {
    sessionStorage.setItem(TYPED, JSON.stringify(kept));
  } catch {
    sessionStorage.removeItem(TYPED); // there is no room for so much
  }
}

function putBack(form, fields, file) {
  for (const [name, value] of fields) {
    for (const control of all(`[name="${CSS.escape(name)}"]`, form)) {
      if (control.matches("textarea, [type=text]")) control.value = value;
      else if (control.matches("[type=radio], [type=checkbox]") && control.value === value) control.checked = true;
      control.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  all("[data-picker]", form).forEach(showPutBack);
  one("[data-typed]", form).hidden = false;
  one("[data-typed-file]", form).hidden = !file;
}

function takeTyped() {
  const kept = JSON.parse(sessionStorage.getItem(TYPED) ?? "null");
  if (!kept) return;
  const waits = one("[data-typed-waits]"); // on the page to sign in, which comes where a form was refused
  if (waits) {
    keep({ ...kept, refused: true });
    waits.hidden = false;
    return;
  }
  const isMine = kept.refused && kept.account === account();
  const form = one("[data-typed]")?.closest("form");
  if (isMine && (!form || placeOf(form) !== kept.place)) return; // until its form is opened
  sessionStorage.removeItem(TYPED);
  if (isMine) putBack(form, kept.fields, kept.file);
}

document.addEventListener("submit", ({ target }) => {
  if (one("[data-typed]", target)) keepTyped(target);
});

takeTyped();
