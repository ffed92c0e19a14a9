// The table builder: parts that were open stay open when an answer comes, and long lists of codes are searched.
"use strict";
{
  const plain = (text) => text.toLocaleLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  let open = [];

  /** The field above a list of codes hides those that do not hold what is typed; ticked ones stay. */
  const search = (input) => {
    input.hidden = false;
    input.addEventListener("change", (event) => event.stopPropagation());
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    input.addEventListener("input", () => {
      const wanted = plain(input.value.trim());
      for (const label of input.parentElement.querySelectorAll("label")) {
        const ticked = label.querySelector("input").checked;
        label.hidden = !ticked && !plain(label.textContent).includes(wanted);
      }
    });
  };

  const start = (root) => root.querySelectorAll("[data-search]").forEach(search);
  start(document);
  document.addEventListener("htmx:beforeSwap", () => {
    open = [...document.querySelectorAll("#builder details[open]")].map((part) => part.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  });
  document.addEventListener("htmx:load", (event) => {
    if (event.target !== document.body) start(event.target);
  });
}
