// The summary of what is wrong takes the focus, so that it is read out and the next key goes on from there.
"use strict";
{
  const focus = (root) => root.querySelector("[data-summary]")?.focus();
  focus(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.target !== document.body) focus(event.target);
  });
}
