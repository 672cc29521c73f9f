// What htmx may put into a page: HTML that this server answered a moment ago, and no script.
// The Content-Security-Policy lets nothing else make markup of text, and has one policy for it,
// which htmx alone is given. Morphing keeps what the reader has opened.

(() => {
  const HEAD = /<head(\s[^>]*)?>[\s\S]*?<\/head>/i;
  const answered = new Set(); // the pieces that htmx parses of the answer it is about to show

  function createHTML(html) {
    if (!answered.has(html)) throw new TypeError("This is no HTML that the server answered.");
    return html;
  }

  function isHtmlOfOurs({ raw, headers }) {
    const type = headers.get("Content-Type") ?? "";
    return new URL(raw.url).origin === location.origin && type.startsWith("text/html");
  }

  function admit(text) {
    const rest = text.replace(HEAD, "");
    answered.clear();
    for (const piece of [HEAD.exec(text)?.[0], rest, `<template>${rest}</template>`]) answered.add(piece);
  }

  htmx.registerExtension("parts", {
    init(api) { // where a browser has no Trusted Types, the function does by itself
      const policy = window.trustedTypes?.createPolicy("linkboard", { createHTML });
      api.initSecurity(policy ?? { createHTML });
    },

    htmx_after_request(_, { ctx }) {
      const { status } = ctx.response;
      if (status === 200 && !isHtmlOfOurs(ctx.response)) throw new TypeError("This is no part of a page.");
      if (status >= 400) [ctx.words, ctx.text] = [ctx.text, ""]; // it is told, not shown
      admit(ctx.text);
    },

    htmx_before_morph_attr(element, { attrName }) {
      if (attrName === "open" && element.matches("details")) return false; // the reader's own
    },
  });
})();
