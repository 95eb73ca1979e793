// The page of a dashboard: shows it, keeps it up to date, and fetches the editor and the kiosk when they are wanted.

import { Cell, looksOf } from "./cells.js";
import { Feed } from "./feed.js";
import { settled } from "./grid.js";
import { Histories } from "./histories.js";
import { Things } from "./things.js";

const LOOK_EVERY = 20_000;

export class Board {
  #cells = new Map();
  #observer = new ResizeObserver((entries) => entries.forEach(({ target }) => this.#cells.get(target.dataset.id)?.resized()));

  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.things = new Things();
    this.feed = new Feed(this.things);
    this.histories = new Histories(this.things);
    this.isHeld = false; // by the editor: what others do is not shown now
    this.load(page);
    document.addEventListener("second", ({ detail: now }) => {
      for (const cell of this.#cells.values()) cell.tick(now);
    });
    setInterval(() => this.#look(), LOOK_EVERY);
    document.addEventListener("back", () => {
      this.#look();
      for (const cell of this.#cells.values()) cell.comeBack();
    });
  }

  /** Show the dashboard that `data` tells of. */
  load({ board, devices }) {
    for (const thing of Object.values(devices)) this.things.meet(thing);
    this.board = board;
    this.show(settled(board.widgets));
  }

  /** Make the page look like `widgets`; what is the same stays as it is. */
  show(widgets) {
    this.widgets = widgets;
    const context = { page: this.page, kinds: this.page.kinds, things: this.things, histories: this.histories, feed: this.feed };
    const gone = new Set(this.#cells.keys());
    const elements = widgets.map((widget) => {
      gone.delete(widget.id);
      const known = this.#cells.get(widget.id);
      if (!known) return this.#add(new Cell(widget, context));
      known.place(widget);
      if (known.drawn !== looksOf(widget)) known.draw(widget);
      return known.element;
    });
    for (const id of gone) {
      this.#observer.unobserve(this.#cells.get(id).element);
      this.#cells.get(id).remove();
      this.#cells.delete(id);
    }
    this.#arrange(elements);
    document.documentElement.style.setProperty("--rows", Math.max(1, ...widgets.map(({ y, h }) => y + h)));
    document.querySelector("[data-empty-board]").hidden = widgets.length > 0;
  }

  cell(id) {
    return this.#cells.get(id)?.element;
  }

  #add(cell) {
    this.#cells.set(cell.element.dataset.id, cell);
    this.#observer.observe(cell.element);
    return cell.element;
  }

  /** In the order in which they are read, moving no element that stands where it should. */
  #arrange(elements) {
    elements.forEach((element, position) => {
      const there = this.root.children[position];
      if (there !== element) this.root.insertBefore(element, there ?? null);
    });
  }

  /** Null where there is nothing new, or it cannot be had now. */
  async fetchData(address = this.board.data) {
    const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
    return answer?.status === 200 && !answer.redirected ? answer.json() : null;
  }

  /** Has somebody else changed it? */
  async #look() {
    if (this.isHeld || document.hidden) return;
    const { id, data, version } = this.board;
    const found = await this.fetchData(`${data}?unless=${version}`);
    if (found && !this.isHeld && id === this.board.id) this.load(found);
  }
}

const root = document.getElementById("board");
const page = JSON.parse(document.getElementById("board-live").textContent);
const board = new Board(root, page);

const editButton = document.querySelector("[data-edit]");
editButton?.addEventListener("click", startEditing);
if (editButton && new URLSearchParams(location.search).has("edit")) startEditing();

async function startEditing() {
  const { Editor } = await import("./editor.js");
  new Editor(board).start();
}

document.querySelector("[data-kiosk]").addEventListener("click", async () => (await import("./kiosk.js")).prepare(board));
const kiosk = new URLSearchParams(location.search).get("kiosk");
if (kiosk !== null) (await import("./kiosk.js")).fromAddress(board, kiosk);
