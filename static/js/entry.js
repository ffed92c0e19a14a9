// Typing records: a key for each choice of a short list, and what is folded up opens where something is wrong.
// Without this everything is chosen and opened by hand.
"use strict";
{
  document.addEventListener("keydown", (event) => {
    const { target, key, ctrlKey, altKey, metaKey } = event;
    if (ctrlKey && key === "Enter") {
      const form = target.closest?.("form[data-entry]");
      form?.requestSubmit(form.querySelector(".btn.go"));
      return;
    }
    const list = target.closest?.("[data-keys]");
    if (!list || ctrlKey || altKey || metaKey || key.length !== 1) return;
    const radios = [...list.querySelectorAll("input[type=radio]")];
    const radio = radios.find((each) => each.dataset.key === key.toLocaleLowerCase()) ?? radios[Number(key) - 1];
    if (!radio || key === " ") return;
    event.preventDefault();
    radio.focus();
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target.querySelector(".msg")) event.detail.target.closest("details")?.setAttribute("open", "");
  });
}
