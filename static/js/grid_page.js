// The page of the grid of held rows: what is not saved yet, saving it in one request, find and replace with a preview.
// Nothing is written to the browser's storage: a text may name somebody until the server has judged it.
"use strict";
{
  const LISTED = 8; // different changes that a preview shows
  const { letterOf, textOf } = window.HeldGrid;
  const isSame = (one, two) => one.toLocaleLowerCase() === two.toLocaleLowerCase();

  /** What is not saved yet: how much, and the verbs. */
  class Bar {
    constructor(form, body) {
      const part = (name) => form.querySelector(`[data-${name}]`);
      this.form = form;
      [this.like, this.said, this.rest, this.save] = [part("alike"), part("said"), part("rest"), form.querySelector(".go")];
      [this.number, this.back, this.again] = [part("count"), part("undo"), part("redo")];
      this.words = this.save.dataset;
      this.token = form.elements.csrfmiddlewaretoken;
      this.grid = new window.HeldGrid(body, this);
      this.back.addEventListener("click", () => this.grid.undo(true));
      this.again.addEventListener("click", () => this.grid.undo(false));
      this.like.addEventListener("click", () => { if (!this.like.hidden) this.apply(); });
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.send();
      });
      window.addEventListener("beforeunload", (event) => { if (this.grid.changed.length) event.preventDefault(); });
      form.hidden = false;
    }

    count(cells, done, undone) {
      this.number.textContent = cells;
      this.save.disabled = !cells;
      this.back.disabled = !done;
      this.again.disabled = !undone;
    }

    offer(before, after, n, apply) {
      const words = { old: before, new: after, n };
      this.like.textContent = this.like.dataset.text.replace(/\{(\w+)\}/g, (_all, name) => words[name]);
      this.like.hidden = false;
      this.apply = apply;
    }

    /** Say how many lines of a block had no row any more. */
    leaveOut(lines) {
      if (lines > 0) this.said.textContent = this.words.over.replace("{n}", lines);
    }

    async send() {
      const { grid } = this;
      if (grid.saving || !grid.changed.length) return;
      grid.saving = this.save.disabled = true;
      try {
        if (this.failed) await this.renew();
        const sent = new URLSearchParams({ csrfmiddlewaretoken: this.token.value, rows: JSON.stringify(grid.changed) });
        new Set(grid.open.map((cell) => cell.dataset.name)).forEach((name) => sent.append("column", name));
        const answer = await fetch(this.form.action, { method: "POST", body: sent });
        const told = await answer.json();
        this.said.textContent = told.said;
        if (answer.ok) grid.take(told);
        this.rest.hidden &&= !Object.keys(told.taken ?? {}).length;
        this.failed = false;
      } catch {
        this.failed = true;
        this.said.textContent = this.words.failed;
      }
      grid.saving = false;
      grid.count();
    }

    /** Take the token of whoever is signed in now. */
    async renew() {
      const page = await (await fetch(window.location.href)).text();
      const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("[data-grid-bar] [name=csrfmiddlewaretoken]");
      if (fresh) this.token.value = fresh.value;
    }
  }

  /** Find and replace, with a preview of what changes. */
  const replacing = (form, grid) => {
    const { find, replacement, whole } = form.elements;
    const changed = (text) => {
      if (whole.checked) return isSame(text, find.value.trim()) ? replacement.value.trim() : text;
      const literally = find.value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      return text.replace(new RegExp(literally, "giu"), () => replacement.value).trim();
    };
    const changes = () =>
      (find.value ? grid.open : [])
        .filter((cell) => [cell.dataset.name, ""].includes(form.elements["in-column"].value))
        .map((cell) => ({ cell, before: textOf(cell), after: changed(textOf(cell)) }))
        .filter(({ before, after }) => before !== after);
    const preview = () => {
      const [all, counts] = [changes(), new Map()];
      for (const { before, after } of all) {
        const line = `${before} → ${after || "–"}`;
        counts.set(line, (counts.get(line) ?? 0) + 1);
      }
      const lines = [...counts].slice(0, LISTED).map(([line, n]) => {
        const item = document.createElement("li");
        item.textContent = `${line}: ${n}`;
        return item;
      });
      if (counts.size > LISTED) lines.push("…");
      form.querySelector("[data-preview]").replaceChildren(...lines);
      form.querySelector("[data-changing]").textContent = all.length;
      form.querySelector("button").disabled = !all.length;
    };
    form.addEventListener("input", preview);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      grid.make(changes());
      preview();
    });
  };

  const body = document.querySelector("[data-grid]");
  if (body) {
    const bar = new Bar(document.querySelector("[data-grid-bar]"), body);
    const tools = document.querySelector("[data-grid-tools]");
    tools.hidden = false;
    replacing(tools.querySelector("form"), bar.grid);
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || !["s", "h"].includes(letterOf(event))) return;
      event.preventDefault();
      if (letterOf(event) === "h") {
        tools.querySelector("details").open = true;
        tools.querySelector("input").focus();
        return;
      }
      if (body.contains(document.activeElement)) bar.grid.go(...bar.grid.at); // a cell that is typed in is closed
      bar.form.requestSubmit(bar.save.disabled ? null : bar.save);
    });
  }
}
