// Edit mode: widgets are added, set up, moved and resized by pointer, by keyboard and by buttons; every step can be
// undone, and is saved by itself.

import { toast } from "../toast.js";
import { nameOf } from "./cells.js";
import { icon, make } from "./dom.js";
import { askKind, askSettings } from "./form.js";
import { freePlace, settled, within } from "./grid.js";
import { Holding } from "./holding.js";
import { Saving } from "./saving.js";

const MOST_STEPS = 100;
const STEPS = {
  left: ["arrow-left", "Move left", { x: -1 }],
  up: ["arrow-up", "Move up", { y: -1 }],
  down: ["arrow-down", "Move down", { y: 1 }],
  right: ["arrow-right", "Move right", { x: 1 }],
  narrower: ["fold-horizontal", "Narrower", { w: -1 }],
  wider: ["unfold-horizontal", "Wider", { w: 1 }],
  shorter: ["fold-vertical", "Shorter", { h: -1 }],
  taller: ["unfold-vertical", "Taller", { h: 1 }],
};
const KEYS = {
  ArrowLeft: ["left", "narrower"],
  ArrowRight: ["right", "wider"],
  ArrowUp: ["up", "shorter"],
  ArrowDown: ["down", "taller"],
};
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export class Editor {
  #board;
  #bar = document.querySelector("[data-toolbar]");
  #said = document.querySelector("[data-said]");
  #saving;
  #past = [];
  #future = [];
  #selected = null;
  #buttons = {};
  #stop = new AbortController();

  constructor(board) {
    this.#board = board;
    this.#saving = new Saving(board, {
      told: (state, text) => this.#tell(state, text),
      theirs: (data) => this.#takeTheirs(data),
      wrong: (errors) => this.#mark(errors),
    });
  }

  start() {
    const { signal } = this.#stop;
    this.#board.isHeld = true;
    document.documentElement.classList.add("is-editing");
    document.querySelector("[data-edit]").hidden = true;
    this.#fillBar();
    this.#dress();
    const { root } = this.#board;
    root.addEventListener("focusin", (event) => this.#select(event.target.closest(".cell")?.dataset.id ?? null), { signal });
    root.addEventListener("keydown", (event) => this.#key(event), { signal });
    root.addEventListener("dblclick", (event) => event.target.closest(".cell") && this.#configure(), { signal });
    document.addEventListener("keydown", (event) => this.#undoKey(event), { signal });
    window.addEventListener("beforeunload", (event) => this.#saving.isDirty && event.preventDefault(), { signal });
    new Holding(root, {
      signal,
      geometry: () => this.#geometry(),
      boxOf: (id) => this.#box(id),
      limits: (box) => this.#fit(box),
      preview: (box) => this.#board.show(settled(this.#with(box), box.id)),
      done: (box, before) => this.#change(settled(before.map((one) => (one.id === box.id ? { ...one, ...box } : one)), box.id), this.#where(box), before),
      cancel: (before) => this.#board.show(before),
      widgets: () => this.#board.widgets,
    });
    if (this.#board.widgets.length) (root.querySelector(".cell") ?? this.#bar).focus?.({ preventScroll: true });
    else this.#buttons.add.focus();
  }

  async #finish() {
    if (!(await this.#saving.flush())) return;
    this.#stop.abort();
    this.#board.isHeld = false;
    document.documentElement.classList.remove("is-editing");
    this.#bar.hidden = true;
    for (const cell of this.#board.root.children) {
      cell.querySelector(".cell__corner")?.remove();
      for (const name of ["tabindex", "role", "aria-label", "aria-current", "aria-roledescription"]) cell.removeAttribute(name);
    }
    const edit = document.querySelector("[data-edit]");
    edit.hidden = false;
    edit.focus();
    history.replaceState(null, "", location.pathname);
  }

  // --- The toolbar ---

  #fillBar() {
    const button = (name, picture, label, run, isShown = false) => {
      const words = isShown ? [icon(picture), label] : [icon(picture)];
      const made = make("button", { type: "button", className: isShown ? "button" : "button button--quiet button--icon", title: label, ariaLabel: label }, ...words);
      made.addEventListener("click", run);
      this.#buttons[name] = made;
      return made;
    };
    const group = (label, ...buttons) => make("div", { className: "toolbar__group", role: "group", ariaLabel: label }, ...buttons);
    this.#bar.replaceChildren(
      group("Dashboard", button("add", "plus", "Add widget", () => this.#add(), true), button("undo", "undo-2", "Undo", () => this.#undo()), button("redo", "redo-2", "Redo", () => this.#redo())),
      group("Selected widget", ...Object.entries(STEPS).map(([name, [picture, label]]) => button(name, picture, label, () => this.#step(name)))),
      group("Selected widget", button("configure", "settings-2", "Set up", () => this.#configure()), button("copy", "copy", "Duplicate", () => this.#duplicate()), button("remove", "trash-2", "Remove", () => this.#remove())),
      make("span", { className: "toolbar__saved", role: "status" }),
      make("button", { type: "button", className: "button button--primary", textContent: "Done", onclick: () => this.#finish() }),
    );
    this.#bar.hidden = false;
    this.#tell("saved", "");
    this.#refreshBar();
  }

  #refreshBar() {
    const isChosen = this.#selected !== null;
    const box = isChosen ? this.#box(this.#selected) : null;
    for (const name of [...Object.keys(STEPS), "copy", "remove"]) this.#buttons[name].disabled = !isChosen;
    this.#buttons.configure.disabled = !isChosen;
    this.#buttons.copy.disabled = !isChosen || box.is_withheld;
    this.#buttons.undo.disabled = !this.#past.length;
    this.#buttons.redo.disabled = !this.#future.length;
  }

  #tell(state, text) {
    const place = this.#bar.querySelector(".toolbar__saved");
    place.dataset.state = state;
    place.textContent = text;
  }

  #say(text) {
    this.#said.textContent = text;
  }

  // --- Widgets ---

  #box(id) {
    return this.#board.widgets.find((widget) => widget.id === id);
  }

  #name(widget) {
    return widget.is_withheld ? "Withheld widget" : nameOf(widget, { kinds: this.#board.page.kinds, things: this.#board.things });
  }

  #where({ x, y, w, h }) {
    return `Column ${x + 1}, row ${y + 1}, ${w} wide, ${h} high.`;
  }

  #fit(box) {
    const { columns, tallest, kinds } = this.#board.page;
    return within(box, { columns, tallest }, kinds[box.kind].least);
  }

  #with(box) {
    return this.#board.widgets.map((widget) => (widget.id === box.id ? { ...widget, ...box } : widget));
  }

  /** How wide a column and how high a row is, with what is between them, in pixels. */
  #geometry() {
    const style = getComputedStyle(this.#board.root);
    const widths = style.gridTemplateColumns.split(" ");
    const gap = parseFloat(style.columnGap);
    const { columns } = this.#board.page;
    return { columns, column: parseFloat(widths[0]) + gap, row: parseFloat(style.gridAutoRows) + gap, isNarrow: widths.length < columns };
  }

  #change(widgets, said, before = this.#board.widgets) {
    if (JSON.stringify(widgets) === JSON.stringify(before)) {
      this.#board.show(before);
      this.#dress();
      return;
    }
    this.#past = [...this.#past.slice(1 - MOST_STEPS), before];
    this.#future = [];
    this.#show(widgets);
    this.#say(said);
    this.#saving.soon();
  }

  #show(widgets) {
    const focused = document.activeElement?.closest?.(".cell")?.dataset.id;
    this.#board.show(widgets);
    if (this.#selected && !this.#box(this.#selected)) this.#selected = null;
    this.#dress();
    if (focused && this.#box(focused)) this.#board.cell(focused).focus({ preventScroll: true });
    this.#refreshBar();
  }

  /** Cells can be focused, and say what and where they are. */
  #dress() {
    for (const widget of this.#board.widgets) {
      const cell = this.#board.cell(widget.id);
      cell.tabIndex = 0;
      cell.setAttribute("role", "group");
      cell.setAttribute("aria-roledescription", "widget");
      cell.setAttribute("aria-label", `${this.#name(widget)}. ${this.#where(widget)}`);
      cell.setAttribute("aria-current", String(widget.id === this.#selected));
      if (!cell.querySelector(".cell__corner")) cell.append(make("span", { className: "cell__corner" }));
    }
  }

  #select(id) {
    if (id === null || id === this.#selected) return;
    this.#selected = id;
    for (const cell of this.#board.root.children) cell.setAttribute("aria-current", String(cell.dataset.id === id));
    this.#refreshBar();
  }

  #step(name) {
    const box = this.#box(this.#selected);
    const [, , change] = STEPS[name];
    const moved = { ...box };
    for (const [key, by] of Object.entries(change)) moved[key] += by;
    // What lies below the others falls back up: it has to pass the next one.
    if (name === "down") moved.y = this.#below(box);
    const fitting = this.#fit(moved);
    this.#change(settled(this.#with(fitting), fitting.id), "");
    this.#say(this.#where(this.#box(fitting.id)));
    this.#board.cell(fitting.id).scrollIntoView({ block: "nearest" });
  }

  #below(box) {
    const under = this.#board.widgets.filter((other) => other.y >= box.y + box.h && other.x < box.x + box.w && box.x < other.x + other.w);
    const next = under.sort((one, other) => one.y - other.y)[0];
    return next ? next.y + next.h - box.h : box.y + 1;
  }

  async #add() {
    const { page, widgets } = this.#board;
    const kind = await askKind(page.kinds);
    if (!kind) return;
    const [w, h] = page.kinds[kind].size;
    const wanted = await askSettings(this.#board, { kind, title: "", settings: {} });
    if (!wanted) return;
    const widget = { id: newId(), kind, w, h, ...freePlace(widgets, { w, h }, page.columns), ...wanted, is_withheld: false };
    this.#change(settled([...this.#board.widgets, widget]), `${this.#name(widget)} added.`);
    this.#reveal(widget.id);
  }

  async #configure() {
    const before = this.#box(this.#selected);
    if (!before) return;
    const wanted = await askSettings(this.#board, { title: "", settings: {}, ...before });
    if (!wanted) return;
    const widget = this.#fit({ ...before, ...wanted, is_withheld: false });
    this.#change(settled(this.#with(widget), widget.id), `${this.#name(widget)} changed.`);
  }

  #duplicate() {
    const original = this.#box(this.#selected);
    const place = freePlace(this.#board.widgets, original, this.#board.page.columns);
    const copy = { ...structuredClone(original), id: newId(), ...place };
    this.#change(settled([...this.#board.widgets, copy]), `${this.#name(copy)} duplicated.`);
    this.#reveal(copy.id);
  }

  #remove() {
    const gone = this.#box(this.#selected);
    const position = this.#board.widgets.indexOf(gone);
    this.#change(settled(this.#board.widgets.filter((widget) => widget !== gone)), `${this.#name(gone)} removed.`);
    const next = this.#board.root.children[Math.min(position, this.#board.root.children.length - 1)];
    (next ?? this.#buttons.add).focus();
    toast(`${this.#name(gone)} is removed.`, { label: "Undo", run: () => this.#undo() });
  }

  #reveal(id) {
    const cell = this.#board.cell(id);
    cell.scrollIntoView({ block: "nearest" });
    cell.focus({ preventScroll: true });
  }

  // --- Undo ---

  #undo() {
    this.#goTo(this.#past, this.#future, "Undone.");
  }

  #redo() {
    this.#goTo(this.#future, this.#past, "Redone.");
  }

  #goTo(from, to, said) {
    const widgets = from.pop();
    if (!widgets) return;
    document.getElementById("toasts").replaceChildren();
    to.push(this.#board.widgets);
    this.#show(widgets);
    this.#say(said);
    this.#saving.soon();
  }

  /** What somebody else has saved is shown; mine is one step back. */
  #takeTheirs(data) {
    this.#past.push(this.#board.widgets);
    this.#board.load(data);
    this.#show(this.#board.widgets);
  }

  #mark(errors) {
    for (const cell of this.#board.root.children) cell.classList.remove("is-wrong");
    const wrong = new Set(Object.keys(errors).map((path) => Number(path.split(".")[1])));
    for (const position of wrong) if (this.#board.widgets[position]) this.#board.cell(this.#board.widgets[position].id).classList.add("is-wrong");
  }

  // --- Keys ---

  #key(event) {
    if (!event.target.matches(".cell") || event.ctrlKey || event.metaKey || event.altKey) return;
    const run = { Enter: () => this.#configure(), Delete: () => this.#remove(), Backspace: () => this.#remove() }[event.key];
    const step = KEYS[event.key]?.[event.shiftKey ? 1 : 0];
    if (!run && !step) return;
    event.preventDefault();
    if (run) run();
    else this.#step(step);
  }

  #undoKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, textarea, select")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) this.#redo();
    else this.#undo();
  }
}
