// A notification of the browser at the end, for who asks for it on that page. What is asked stands
// in the browser's storage under the submission's number, so that of two tabs one notifies.

const NOTIFY = "linkboard:notify:";
const KEEP_OPEN = "Keep this page open in a tab until then.";
const ANSWERS = { // of the browser, to the question whether we may
  granted: KEEP_OPEN,
  default: "Nothing was allowed, so no notification will come. Press the button again to be asked again.",
  denied: "This browser refuses notifications of Linkboard. Allow them in its settings for this site, by the sign beside the address, and press the button again.",
};
const ASKING = "The browser asks whether Linkboard may notify you: allow it. Where you see no question, it is behind the sign beside the address.";
const NOT_HTTPS = "This browser refuses notifications of addresses without https. The title of this tab tells the end too.";

const notifyButton = () => one("[data-notify]");
const isAsked = (key) => localStorage.getItem(key) !== null && Notification.permission === "granted";

function showNotifyButton(said) {
  const button = notifyButton();
  if (!button || !("Notification" in window)) return;
  const asked = isAsked(NOTIFY + button.dataset.notify);
  button.setAttribute("aria-pressed", asked);
  button.hidden = false;
  if (said === undefined) return;
  one("[data-notify-said]").textContent = said;
  if (said) announce(said);
}

async function askOrForget(button) {
  const key = NOTIFY + button.dataset.notify;
  if (isAsked(key)) {
    localStorage.removeItem(key);
    showNotifyButton("");
    return;
  }
  if (!isSecureContext) {
    showNotifyButton(NOT_HTTPS);
    return;
  }
  if (Notification.permission === "default") showNotifyButton(ASKING); // it may ask unseen, and for long
  const answer = await Notification.requestPermission();
  if (answer === "granted") localStorage.setItem(key, "");
  showNotifyButton(ANSWERS[answer]);
}

function notifyOfEnd(text) {
  const key = NOTIFY + notifyButton()?.dataset.notify;
  if (!("Notification" in window) || !isAsked(key)) return;
  const title = one("h1").innerText;
  navigator.locks.request(key, () => {
    if (!isAsked(key)) return; // another tab was first
    localStorage.removeItem(key);
    const shown = new Notification(title, { body: text, tag: key, icon: one("link[rel=icon]").href });
    shown.onclick = () => window.focus();
  });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-notify]");
  if (button) askOrForget(button);
});

document.addEventListener("htmx:after:swap", () => showNotifyButton());
showNotifyButton();
