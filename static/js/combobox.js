// A list of codes that is searched by typing: <select class="combo"> becomes a combobox with a list
// (ARIA Authoring Practices, list autocomplete). Without this the list is chosen from as it is.
"use strict";
{
  const plain = (text) =>
    text.toLocaleLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "").trim();
  const LONGEST = 60; // names offered at once

  /** The other names of each code; a list that stands on the page twice brings them once. */
  const aliasesOf = (select) => {
    const { sameList } = select.dataset;
    const owner = sameList ? document.querySelector(`select#${sameList}, #${sameList}-select`) : select;
    return new Map([...owner.options].map((option) => [option.value, option.dataset.aliases || ""]));
  };

  /** The choices of a list, each with the words by which it is found. */
  const entriesOf = (select) => {
    const aliases = aliasesOf(select);
    return [...select.options]
      .filter((option) => option.value)
      .map((option) => {
        const text = plain(`${option.text} ${option.value} ${aliases.get(option.value) || ""}`);
        return { option, label: plain(option.text), text, words: text.split(/[\s,()]+/) };
      });
  };

  /** The best first: the very name or word, then what begins so, then what only holds it. */
  const rank = (entry, wanted) => {
    if (entry.label === wanted || entry.words.includes(wanted)) return 0;
    if (entry.label.startsWith(wanted)) return 1;
    return entry.words.some((word) => word.startsWith(wanted)) ? 2 : 3;
  };

  const found = (entries, wanted) => {
    if (!wanted) return entries.slice(0, LONGEST);
    const words = wanted.split(/\s+/);
    return entries
      .filter((entry) => words.every((word) => entry.text.includes(word)))
      .map((entry) => ({ ...entry, rank: rank(entry, wanted) }))
      .sort((one, two) => one.rank - two.rank || one.label.length - two.label.length)
      .slice(0, LONGEST);
  };

  const inputFor = (select, list) => {
    const input = document.createElement("input");
    const copied = ["aria-describedby", "aria-invalid"].filter((name) => select.hasAttribute(name));
    const attributes = {
      type: "text",
      id: select.id,
      role: "combobox",
      autocomplete: "off",
      "aria-expanded": "false",
      "aria-controls": list.id,
      "aria-autocomplete": "list",
      ...Object.fromEntries(copied.map((name) => [name, select.getAttribute(name)])),
    };
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    return input;
  };

  const listFor = (select) => {
    const list = document.createElement("ul");
    list.className = "combo-list";
    list.id = `${select.id}-list`;
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", select.labels[0]?.innerText ?? select.name);
    return list;
  };

  const itemFor = (entry, id) => {
    const item = document.createElement("li");
    item.id = id;
    item.setAttribute("role", "option");
    const name = document.createElement("span");
    name.textContent = entry.option.text;
    const code = document.createElement("span");
    code.className = "muted mono";
    code.textContent = entry.option.value;
    item.append(name, code);
    return item;
  };

  class Combobox {
    constructor(select) {
      this.select = select;
      this.entries = entriesOf(select);
      this.list = listFor(select);
      this.input = inputFor(select, this.list);
      this.offered = [];
      this.active = -1;
      const box = document.createElement("div");
      box.className = "combo";
      select.after(box);
      box.append(this.input, this.list);
      select.id += "-select";
      select.hidden = true;
      this.input.value = this.label;
      if (select.autofocus) this.input.focus();
      this.input.addEventListener("input", () => {
        this.judge();
        this.open(plain(this.input.value));
      });
      this.input.addEventListener("click", () => this.openAll());
      this.input.addEventListener("blur", () => this.leave());
      this.input.addEventListener("keydown", (event) => this.key(event));
    }

    /** The name of what is chosen. */
    get label() {
      return this.select.value ? this.select.selectedOptions[0].text : "";
    }

    /** Offer everything where a choice stands, so that it can be changed. */
    openAll() {
      this.open(this.input.value === this.label ? "" : plain(this.input.value));
    }

    open(wanted) {
      this.offered = found(this.entries, wanted);
      this.list.replaceChildren(
        ...this.offered.map((entry, k) => {
          const item = itemFor(entry, `${this.list.id}-${k}`);
          item.addEventListener("mousedown", (event) => {
            event.preventDefault(); // the field keeps the focus
            this.choose(entry);
          });
          return item;
        }),
      );
      if (wanted && !this.offered.length && this.proposals) this.offerToPropose();
      this.list.hidden = !this.list.children.length;
      this.input.setAttribute("aria-expanded", String(!this.list.hidden));
      this.mark(this.offered[0] && !this.offered[0].propose ? 0 : -1);
    }

    /** Where words are proposed; nothing where the form or the list takes no proposals. */
    get proposals() {
      return this.select.dataset.list && this.select.form?.dataset.propose;
    }

    /** What is on no list can be proposed for it: offered alone, and never chosen by passing over it. */
    offerToPropose() {
      const word = this.input.value.trim();
      const entry = { propose: word };
      const item = itemFor({ option: { text: `${this.select.form.dataset.missing} ${word}`, value: "" } }, `${this.list.id}-0`);
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        this.choose(entry);
      });
      this.offered = [entry];
      this.list.replaceChildren(item);
    }

    /** Send the word, and show the answer where the name would stand; the field waits for another choice. */
    async propose(word) {
      const { form } = this.select;
      const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
      const [agency, codelist] = [form.dataset.agency, this.select.dataset.list];
      const body = new URLSearchParams({ csrfmiddlewaretoken: token, agency, codelist, word });
      const answer = await fetch(this.proposals, { method: "POST", body, headers: { "HX-Request": "true" } });
      const line = document.createElement("p");
      line.className = "hint";
      line.textContent = await answer.text();
      document.getElementById(`m-${this.select.name}`).replaceChildren(line);
    }

    close() {
      this.list.hidden = true;
      this.active = -1;
      this.input.setAttribute("aria-expanded", "false");
      this.input.removeAttribute("aria-activedescendant");
    }

    mark(index) {
      this.active = index;
      const items = [...this.list.children];
      items.forEach((item, k) => item.setAttribute("aria-selected", String(k === index)));
      if (items[index]) {
        this.input.setAttribute("aria-activedescendant", items[index].id);
        items[index].scrollIntoView({ block: "nearest" });
      }
    }

    choose(entry) {
      if (entry.propose) {
        this.close();
        this.propose(entry.propose);
        return;
      }
      this.select.value = entry.option.value;
      this.input.value = this.label;
      this.input.setCustomValidity("");
      this.input.removeAttribute("aria-invalid");
      this.close();
      this.select.dispatchEvent(new Event("change", { bubbles: true }));
    }

    /** Take a name that is written out; what is on no list is neither dropped nor sent: the form waits. */
    judge() {
      const typed = plain(this.input.value);
      const known = typed === plain(this.label) ? null : this.entries.find((e) => e.label === typed);
      if (known) this.select.value = known.option.value;
      if (!typed) this.select.value = "";
      const lost = Boolean(typed) && typed !== plain(this.label);
      this.input.setCustomValidity(lost ? this.select.dataset.unknown : "");
      return lost;
    }

    leave() {
      const lost = this.judge();
      if (lost) this.input.setAttribute("aria-invalid", "true");
      else {
        this.input.removeAttribute("aria-invalid");
        this.input.value = this.label;
      }
      this.close();
    }

    key(event) {
      const open = !this.list.hidden;
      const marked = open && this.offered[this.active];
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!open) { this.openAll(); return; }
        const step = event.key === "ArrowDown" ? 1 : this.offered.length - 1;
        this.mark((this.active + step) % this.offered.length);
      } else if (event.key === "Enter" && marked) {
        event.preventDefault();
        this.choose(marked);
      } else if (event.key === "Escape") {
        this.input.value = this.label;
        this.judge();
        this.close();
      } else if (event.key === "Tab" && marked && !marked.propose && this.input.value !== this.label) {
        this.choose(marked);
      }
    }
  }

  const start = (root) =>
    root.querySelectorAll("select.combo:not([hidden])").forEach((select) => new Combobox(select));
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.target));
}
