// A menu closes when one clicks beside it or presses Escape; the current tab of a long row is scrolled into view.
// Without this the menu opens and closes by its own button, and tabs are scrolled by hand.
"use strict";
(() => {
  const close = (but) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!but || !menu.contains(but)) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => close(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details[data-menu][open]");
    close();
    if (menu) menu.querySelector("summary").focus();
  });
  for (const tabs of document.querySelectorAll(".tabs")) {
    const here = tabs.querySelector("[aria-current]");
    if (here) tabs.scrollLeft = here.offsetLeft - tabs.offsetLeft - 16;
  }
})();
