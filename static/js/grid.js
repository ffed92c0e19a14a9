// The grid of held rows: the table becomes a spreadsheet (ARIA Authoring Practices, grid) with its keys, blocks that are
// copied and pasted, and one undo. What is typed is saved by `grid_page.js`; without both each row has a form of its own.
"use strict";
{
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-15, 0], PageDown: [15, 0] };
  const FORMULA = /^[=+\-@]/; // what a spreadsheet would work out; an apostrophe before it makes it a text
  const WRONG = "[aria-invalid], .compared";

  /** The letter of a key: as it is written, or that of its place where the keyboard writes other letters. */
  const letterOf = ({ key, code }) => (/^[a-z]$/i.test(key) ? key : code.replace(/^Key/, "")).toLowerCase();
  const isOpen = (cell) => Boolean(cell?.dataset.name);
  const textOf = (cell) => ("label" in cell.dataset ? cell.firstElementChild : cell).textContent.trim();

  const quoted = (text) => {
    const safe = FORMULA.test(text) ? `'${text}` : text;
    return /[\t\n"]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const unquoted = (cell) => {
    const text = /^"[^]*"$/.test(cell) && cell.length > 1 ? cell.slice(1, -1).replaceAll('""', '"') : cell;
    return text.replace(/\s+/g, " ").trim().replace(/^'(?=[=+\-@])/, "");
  };

  /** Lines of cells as spreadsheets put them on the clipboard. */
  const linesOf = (text) => {
    const lines = [[]];
    const cells = text.replace(/\r?\n$/, "").matchAll(/("(?:[^"]|"")*"|[^\t\r\n]*)(\t|\r\n|\n|\r|$)/g);
    for (const [, cell, end] of cells) {
      lines.at(-1).push(unquoted(cell));
      if (!end) break;
      if (end !== "\t") lines.push([]);
    }
    return lines;
  };

  /** What was done to cells, step by step, so that each step can be undone and done again. */
  class Steps {
    constructor(put) {
      this.put = put;
      this.forget();
    }

    forget() {
      [this.done, this.undone] = [[], []];
    }

    make(changes) {
      const step = changes.filter(({ before, after }) => before !== after);
      if (!step.length) return;
      this.undone = [];
      this.done.push(step);
      step.forEach(({ cell, after }) => this.put(cell, after));
    }

    back() {
      const step = this.done.pop();
      if (step) this.undone.push(step);
      step?.forEach(({ cell, before }) => this.put(cell, before));
      return step;
    }

    again() {
      const step = this.undone.pop();
      if (step) this.done.push(step);
      step?.forEach(({ cell, after }) => this.put(cell, after));
      return step;
    }
  }

  class Grid {
    static letterOf = letterOf;
    static textOf = textOf;

    constructor(body, bar) {
      [this.body, this.bar] = [body, bar];
      this.steps = new Steps((cell, text) => this.put(cell, text));
      [this.at, this.from] = [[0, 1], [0, 1]];
      this.name();
      body.addEventListener("keydown", (event) => this.key(event));
      body.addEventListener("focusin", ({ target }) => this.come(target));
      body.addEventListener("mousedown", (event) => this.press(event));
      body.addEventListener("mouseover", (event) => this.drag(event));
      body.addEventListener("dblclick", ({ target }) => this.edit(target.closest("td")));
      body.addEventListener("click", ({ target, pointerType }) => {
        if (pointerType === "touch" && !target.closest("a, input")) this.edit(target.closest("td"));
      });
      for (const verb of ["copy", "cut", "paste"]) document.addEventListener(verb, (event) => this.clip(event));
    }

    /** Say what everything is, and let one cell take the focus. Rows that were answered are new. */
    name() {
      const table = this.body.closest("table");
      table.setAttribute("role", "grid");
      table.setAttribute("aria-multiselectable", "true");
      table.setAttribute("aria-label", table.parentElement.getAttribute("aria-label"));
      table.parentElement.removeAttribute("tabindex");
      for (const part of [table.tHead, this.body]) part.setAttribute("role", "rowgroup");
      for (const row of table.rows) row.setAttribute("role", "row");
      for (const head of table.tHead.rows[0].cells) head.setAttribute("role", head.tagName === "TH" ? "columnheader" : "gridcell");
      this.rows = [...this.body.rows].map((row) => [...row.cells]);
      for (const cell of this.rows.flat()) {
        cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "gridcell");
        cell.tabIndex = -1;
        cell.ariaReadOnly = isOpen(cell) ? null : "true";
        cell.querySelectorAll("a").forEach((link) => { link.tabIndex = -1; });
      }
      this.target(this.at).tabIndex = 0;
      this.count();
    }

    /** What of a cell takes the focus: its link where it is there for one. */
    target([row, column]) {
      const cell = this.rows[row][column];
      return ("label" in cell.dataset ? null : cell.querySelector("a")) ?? cell;
    }

    get cell() {
      return this.rows[this.at[0]][this.at[1]];
    }

    get open() {
      return this.rows.flat().filter(isOpen);
    }

    /** The corners of what is selected: first and last row, first and last column. */
    get area() {
      const [one, two] = [this.at, this.from];
      return [0, 1].flatMap((k) => [Math.min(one[k], two[k]), Math.max(one[k], two[k])]);
    }

    get selected() {
      const [top, bottom, left, right] = this.area;
      return this.rows.slice(top, bottom + 1).map((row) => row.slice(left, right + 1));
    }

    go(row, column, extend = false) {
      const within = (k, n) => Math.max(0, Math.min(n - 1, k));
      this.target(this.at).tabIndex = -1;
      this.at = [within(row, this.rows.length), within(column, this.rows[0].length)];
      if (!extend) this.from = this.at;
      const target = this.target(this.at);
      target.tabIndex = 0;
      target.focus({ preventScroll: true });
      target.scrollIntoView({ block: "nearest", inline: "nearest" });
      this.body.querySelectorAll("[aria-selected]").forEach((cell) => cell.removeAttribute("aria-selected"));
      if (extend) this.selected.flat().forEach((cell) => cell.setAttribute("aria-selected", "true"));
    }

    /** Be where the focus came by itself: a screen reader puts it anywhere. */
    come(target) {
      const cell = target.closest("td, th");
      if (cell !== this.cell && !target.matches("input")) this.go(...this.placeOf(cell));
    }

    placeOf(cell) {
      const row = this.rows.findIndex((cells) => cells.includes(cell));
      return [row, this.rows[row].indexOf(cell)];
    }

    press(event) {
      const cell = event.target.closest("td, th");
      if (!cell || event.button || event.target.closest("a, input")) return;
      event.preventDefault(); // the focus goes where we say, and no text is marked
      this.go(...this.placeOf(cell), event.shiftKey);
    }

    drag(event) {
      const cell = event.target.closest("td, th");
      if (event.buttons !== 1 || !cell || this.body.querySelector("input")) return;
      this.go(...this.placeOf(cell), true);
    }

    key(event) {
      if (event.target.matches("input")) return;
      const ctrl = event.ctrlKey || event.metaKey;
      const leaves = this.leaving && ["Tab", "Shift"].includes(event.key);
      this.leaving = event.key === "Escape" || leaves;
      if (event.altKey && event.key === "Enter") this.cell.querySelector(".why a")?.click();
      if (leaves || event.altKey) return;
      if (ctrl ? this.keyWithCtrl(event) : this.plainKey(event)) event.preventDefault();
    }

    /** Do what a key says; return whether it says anything. */
    plainKey(event) {
      const [row, column] = this.at;
      const { key, shiftKey } = event;
      if (key in STEPS) this.go(row + STEPS[key][0], column + STEPS[key][1], shiftKey);
      else if (key === "Home" || key === "End") this.go(row, key === "Home" ? 0 : Infinity, shiftKey);
      else if (key === "Tab") return this.tab(shiftKey ? -1 : 1);
      else if (key === "Escape") this.go(row, column);
      else if (key === "Delete" || key === "Backspace") this.fill(() => "");
      else if (!isOpen(this.cell)) return false; // Enter follows the link
      else if (key === "F2" || key === "Enter") this.edit(this.cell);
      else if (key.length === 1) this.edit(this.cell, key);
      else return false;
      return true;
    }

    keyWithCtrl(event) {
      const [row, column] = this.at;
      const { key, shiftKey } = event;
      if (key.startsWith("Arrow")) {
        const [down, right] = STEPS[key].map((step) => step && step * Infinity);
        this.go(row + down, column + right, shiftKey);
      } else if (key === "Home") this.go(0, 0, shiftKey);
      else if (key === "End") this.go(Infinity, Infinity, shiftKey);
      else return this.letter(letterOf(event), shiftKey);
      return true;
    }

    letter(letter, shift) {
      if (letter === "y" || (letter === "z" && shift)) this.undo(false);
      else if (letter === "z") this.undo(true);
      else if (letter === "d") this.fillDown();
      else if (letter === "a") {
        this.from = [0, 0];
        this.go(Infinity, Infinity, true);
      } else return false;
      return true;
    }

    /** Go to the next cell, or the one before, over the ends of rows; leave the grid at its own ends. */
    tab(step) {
      const width = this.rows[0].length;
      const next = this.at[0] * width + this.at[1] + step;
      if (next < 0 || next >= this.rows.length * width) return false;
      this.go(Math.floor(next / width), next % width);
      return true;
    }

    put(cell, text) {
      cell.dataset.was ??= textOf(cell);
      cell.firstElementChild.textContent = text;
      cell.classList.toggle("changed", text !== cell.dataset.was);
    }

    make(changes) {
      if (this.saving) return;
      this.steps.make(changes.filter(({ cell }) => isOpen(cell)));
      this.bar.like.hidden = true;
      this.count();
    }

    undo(back) {
      const step = this.saving ? null : back ? this.steps.back() : this.steps.again();
      if (step) this.go(...this.placeOf(step[0].cell));
      this.bar.like.hidden = true;
      this.count();
    }

    /** Change the cells that are selected, each to what `text` says at its place, if anything. */
    fill(text) {
      const lines = this.selected;
      const cells = lines.flatMap((line, k) => line.map((cell, n) => ({ cell, after: text(k, n) })));
      const told = cells.filter(({ after }) => after !== undefined);
      this.make(told.map(({ cell, after }) => ({ cell, before: textOf(cell), after })));
    }

    /** Copy the first selected row into those below; of a single row, the one above into it. */
    fillDown() {
      const [top, bottom, left] = this.area;
      const source = this.rows[top === bottom ? Math.max(0, top - 1) : top];
      this.fill((_row, column) => textOf(source[left + column]));
    }

    clip(event) {
      if (!this.body.contains(document.activeElement) || document.activeElement.matches("input")) return;
      event.preventDefault();
      if (event.type === "paste") {
        const text = event.clipboardData.getData("text/plain");
        if (text) this.paste(linesOf(text)); // of an image there is none
        return;
      }
      const lines = this.selected.map((row) => row.map((cell) => quoted(textOf(cell))).join("\t"));
      event.clipboardData.setData("text/plain", lines.join("\n"));
      if (event.type === "cut") this.fill(() => "");
    }

    /** Put a block where the selection begins; one text goes into all that is selected. */
    paste(lines) {
      const [top, , left] = this.area;
      if (lines.length === 1 && lines[0].length === 1) {
        this.fill(() => lines[0][0]);
        return;
      }
      this.from = [top, left];
      const width = Math.max(...lines.map((line) => line.length));
      this.bar.leaveOut(top + lines.length - this.rows.length);
      this.go(top + lines.length - 1, left + width - 1, true);
      this.fill((row, column) => lines[row][column]);
    }

    edit(cell, typed) {
      if (!isOpen(cell) || this.saving || cell.querySelector("input")) return;
      this.go(...this.placeOf(cell));
      const [shown, input] = [cell.firstElementChild, document.createElement("input")];
      const list = `list-${cell.dataset.name}`;
      Object.assign(input, { type: "text", value: typed ?? textOf(cell), autocomplete: "off" });
      input.setAttribute("aria-label", cell.dataset.label);
      if (document.getElementById(list)) input.setAttribute("list", list);
      shown.hidden = true;
      shown.after(input);
      input.focus();
      input.setSelectionRange(input.value.length, input.value.length);
      let isTyping = true;
      const close = (keeps) => {
        if (!isTyping) return; // to remove a field takes the focus from it: it is closed already
        isTyping = false;
        const text = input.value.trim();
        shown.hidden = false;
        input.remove();
        if (keeps) this.type(cell, text);
      };
      input.addEventListener("blur", () => close(true));
      input.addEventListener("keydown", (event) => this.keyInCell(event, close, typed !== undefined));
    }

    keyInCell(event, close, overwrites) {
      const { key, shiftKey, ctrlKey } = event;
      if (event.isComposing) return; // Enter ends a letter that is put together
      const [row, column] = this.at;
      const lines = overwrites && !event.target.hasAttribute("list"); // arrows choose from a list
      const down = key === "Enter" ? (shiftKey ? -1 : 1) : lines && key in STEPS ? STEPS[key][0] : 0;
      if (!down && !["Escape", "Tab", "Enter"].includes(key)) return;
      event.preventDefault();
      event.stopPropagation();
      close(key !== "Escape");
      this.go(row + (ctrlKey ? 0 : down), column);
      if (key === "Tab") this.tab(shiftKey ? -1 : 1);
      if (ctrlKey && key === "Enter") this.bar.like.click();
    }

    /** Take what was typed in one cell, and offer it for all that were wrong in the same way. */
    type(cell, after) {
      const before = textOf(cell);
      this.make([{ cell, before, after }]);
      const alike = this.open.filter(
        (each) => each !== cell && each.dataset.name === cell.dataset.name && each.matches(WRONG) && textOf(each) === before,
      );
      if (before === after || !alike.length || !cell.matches(WRONG)) return;
      this.bar.offer(before, after, alike.length + 1, () =>
        this.make(alike.map((each) => ({ cell: each, before, after }))),
      );
    }

    count() {
      const { done, undone } = this.steps;
      this.bar.count(this.body.querySelectorAll(".changed").length, done.length, undone.length);
    }

    /** The rows with changes, as they are sent. */
    get changed() {
      const rows = [...this.body.rows].filter((row) => row.querySelector(".changed"));
      return rows.map((row) => {
        const cells = [...row.querySelectorAll(".changed")].map((cell) => [cell.dataset.name, textOf(cell)]);
        return { id: Number(row.id.slice(4)), seen: row.dataset.seen, cells: Object.fromEntries(cells) };
      });
    }

    /** Show what became of the rows. What was typed in one that was left alone is still to be saved. */
    take({ taken, left, rows }) {
      const inside = this.body.contains(document.activeElement);
      const untouched = new Set(left.map((id) => `row-${id}`));
      for (const id of left) this.finish(`row-${id}`, "gone");
      for (const html of rows) {
        const frame = document.createElement("template");
        frame.innerHTML = html;
        const fresh = frame.content.querySelector("tr");
        const old = document.getElementById(fresh.id);
        const typed = untouched.has(fresh.id) ? old.typed : [];
        old.replaceWith(fresh);
        for (const [name, text] of typed) {
          const cell = fresh.querySelector(`[data-name="${name}"]`);
          if (cell) this.put(cell, text);
        }
      }
      for (const [id, unusual] of Object.entries(taken)) this.finish(`row-${id}`, "taken", unusual);
      this.steps.forget();
      this.bar.like.hidden = true;
      this.name();
      if (inside) this.go(...this.at);
    }

    /** Close a row that is no longer held. */
    finish(id, how, unusual = []) {
      const row = document.getElementById(id);
      row.typed = [...row.querySelectorAll(".changed")].map((cell) => [cell.dataset.name, textOf(cell)]);
      row.classList.toggle("fixed", how === "taken");
      row.querySelectorAll(".why").forEach((why) => why.remove());
      for (const cell of row.querySelectorAll("[data-name]")) {
        cell.removeAttribute("data-name");
        cell.removeAttribute("aria-invalid");
        cell.removeAttribute("class");
      }
      const said = document.createElement("span");
      said.className = how === "taken" ? "light good" : "chip marked";
      said.textContent = [this.bar.words[how], ...unusual].join(" · ");
      row.lastElementChild.replaceChildren(said);
    }
  }

  window.HeldGrid = Grid;
}
