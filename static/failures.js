// A click or a search that brought nothing: why, and the way that needs no script.

const NO_ANSWER = "Linkboard did not answer. What you see below is as it was.";

function tellFailure({ detail: { ctx } }) {
  if (!ctx || isPoll(ctx) || ctx.response?.status === 401) return; // a 401 leads to signing in
  const banner = one("[data-failure]");
  const itself = ctx.sourceElement.matches("a, form");
  one("[data-failure-why]", banner).textContent = reasonOf(ctx);
  one("a", banner).href = itself ? ctx.request.action : location.href;
  banner.hidden = false;
  announce(banner.innerText);
}

function reasonOf({ response, words }) {
  const inWords = response?.headers.get("Content-Type")?.startsWith("text/plain");
  return inWords && words ? words : NO_ANSWER;
}

function forgetFailure({ detail: { ctx } }) {
  if (!isPoll(ctx)) one("[data-failure]").hidden = true;
}

function keepAddress(event) {
  if (event.detail.response?.status >= 400) event.preventDefault(); // the page still shows the old one
}

document.addEventListener("htmx:before:request", forgetFailure);
document.addEventListener("htmx:response:error", tellFailure);
document.addEventListener("htmx:error", tellFailure);
document.addEventListener("htmx:before:history:update", keepAddress);
