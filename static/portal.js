// Small help for pages that work without it: searchable choices, confirmation, files on their way.
"use strict";

const norm = (text) => text.toLocaleLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");

/** Turn <select class="combo"> into a combobox (ARIA Authoring Practices, list autocomplete). */
function combobox(select) {
  const box = document.createElement("div");
  box.className = "combo";
  const input = document.createElement("input");
  input.type = "text";
  input.id = select.id;
  select.id += "-select";
  const list = document.createElement("ul");
  list.className = "combo-list";
  list.id = `${input.id}-list`;
  list.setAttribute("role", "listbox");
  list.hidden = true;
  const attributes = { role: "combobox", autocomplete: "off", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" };
  for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
  for (const name of ["aria-describedby", "aria-invalid"]) if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
  const options = [...select.options].map((option) => {
    const label = norm(option.text);
    const text = norm(`${option.text} ${option.value} ${option.dataset.aliases || ""}`);
    return { option, label, text, words: text.split(/[\s,()]+/) };
  });
  // The best first: the very name or word, then what begins so, then what only holds it; short names first.
  const rank = (entry, wanted) => {
    if (entry.label === wanted || entry.words.includes(wanted)) return 0;
    if (entry.label.startsWith(wanted)) return 1;
    return entry.words.some((word) => word.startsWith(wanted)) ? 2 : 3;
  };
  let shown = [];
  let active = -1;

  const label = () => (select.value ? select.selectedOptions[0].text : "");
  const close = () => { list.hidden = true; active = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const choose = (entry) => { select.value = entry.option.value; input.value = label(); input.setCustomValidity(""); input.removeAttribute("aria-invalid"); close(); select.dispatchEvent(new Event("change", { bubbles: true })); };
  const mark = (index) => {
    active = index;
    [...list.children].forEach((item, k) => item.setAttribute("aria-selected", String(k === index)));
    if (list.children[index]) { input.setAttribute("aria-activedescendant", list.children[index].id); list.children[index].scrollIntoView({ block: "nearest" }); }
  };
  const open = () => {
    const wanted = norm(input.value === label() ? "" : input.value).trim();
    shown = options
      .filter((entry) => entry.option.value && wanted.split(/\s+/).every((word) => entry.text.includes(word)))
      .map((entry) => ({ ...entry, rank: wanted ? rank(entry, wanted) : 0 }))
      .sort((one, two) => one.rank - two.rank || (wanted ? one.label.length - two.label.length : 0))
      .slice(0, 60);
    list.replaceChildren(...shown.map((entry, k) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${k}`;
      item.setAttribute("role", "option");
      const name = document.createElement("span");
      name.textContent = entry.option.text;
      const code = document.createElement("span");
      code.className = "muted mono";
      code.textContent = entry.option.value;
      item.append(name, code);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(entry); });
      return item;
    }));
    list.hidden = !shown.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark(shown.length ? 0 : -1);
  };
  input.addEventListener("input", open);
  input.addEventListener("click", open);
  // What is on no list is neither dropped nor taken for something else: it stays, and the form waits.
  input.addEventListener("blur", () => {
    if (!input.value.trim()) select.value = "";
    const known = input.value === label() ? null : options.find((entry) => entry.label === norm(input.value).trim());
    if (known) select.value = known.option.value;
    const lost = input.value.trim() && !known && input.value !== label();
    input.setCustomValidity(lost ? select.dataset.unknown : "");
    input.toggleAttribute("aria-invalid", Boolean(lost));
    if (!lost) input.value = label();
    close();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open();
      else mark((active + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length);
    } else if (event.key === "Enter" && !list.hidden && shown[active]) { event.preventDefault(); choose(shown[active]); }
    else if (event.key === "Escape") { input.value = label(); close(); }
    else if (event.key === "Tab" && !list.hidden && shown[active] && input.value !== label()) choose(shown[active]);
  });
  select.hidden = true;
  input.value = label();
  select.after(box);
  box.append(input, list);
}

document.querySelectorAll("select.combo").forEach(combobox);

document.querySelectorAll("[data-confirm]").forEach((form) => {
  form.addEventListener("submit", (event) => { if (!window.confirm(form.dataset.confirm)) event.preventDefault(); });
});

// A file on its way: say how much has left, in bytes; without this the form sends itself.
document.querySelectorAll("form[data-upload]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const sending = form.querySelector("[data-sending]");
    const bar = sending.querySelector("progress");
    const request = new XMLHttpRequest();
    sending.hidden = false;
    form.querySelector("button").disabled = true;
    request.upload.addEventListener("progress", (sent) => { if (sent.lengthComputable) bar.value = (100 * sent.loaded) / sent.total; });
    request.addEventListener("load", () => {
      if (request.responseURL !== window.location.href) { window.location.assign(request.responseURL); return; }
      const answered = new DOMParser().parseFromString(request.responseText, "text/html");
      document.querySelector("main").replaceWith(answered.querySelector("main"));
      document.querySelector("[data-summary]")?.focus();
    });
    request.addEventListener("error", () => { sending.hidden = true; form.querySelector("button").disabled = false; form.submit(); });
    request.open("POST", form.action || window.location.href);
    request.send(new FormData(form));
  });
});

const summary = document.querySelector("[data-summary]");
if (summary) summary.focus();
