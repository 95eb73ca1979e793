// A widget held by the pointer: moved by its body, resized by its corner; Escape puts it back.

const THRESHOLD = 5; // pixels, before a press is a drag
const EDGE = 48; // pixels from the edge of the window, where the page begins to scroll
const SCROLL = 12;

export class Holding {
  #root;
  #ways;
  #held = null;

  /** `ways`: {signal, geometry, boxOf, limits, preview, done, cancel, widgets} of the editor. */
  constructor(root, ways) {
    this.#root = root;
    this.#ways = ways;
    const { signal } = ways;
    root.addEventListener("pointerdown", (event) => this.#press(event), { signal });
    root.addEventListener("pointermove", (event) => this.#move(event), { signal });
    root.addEventListener("pointerup", () => this.#release(true), { signal });
    root.addEventListener("pointercancel", () => this.#release(false), { signal });
    document.addEventListener("keydown", (event) => this.#held && event.key === "Escape" && this.#release(false), { signal });
  }

  #press(event) {
    const cell = event.target.closest(".cell");
    if (!cell || event.button !== 0 || this.#held) return;
    const geometry = this.#ways.geometry();
    // By touch only what is selected is dragged: everything else scrolls the page.
    const scrolls = event.pointerType === "touch" && cell.getAttribute("aria-current") !== "true";
    cell.focus({ preventScroll: true });
    if (geometry.isNarrow || scrolls) return;
    event.preventDefault();
    this.#held = {
      cell,
      geometry,
      box: this.#ways.boxOf(cell.dataset.id),
      before: this.#ways.widgets(),
      from: { x: event.clientX, y: event.clientY + scrollY },
      resizes: event.target.matches(".cell__corner"),
      isMoving: false,
      last: null,
    };
    this.#root.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const held = this.#held;
    if (!held) return;
    const right = event.clientX - held.from.x;
    const down = event.clientY + scrollY - held.from.y;
    if (!held.isMoving && Math.hypot(right, down) < THRESHOLD) return;
    held.isMoving = true;
    held.cell.classList.add("is-held");
    scrollAtEdges(event.clientY);
    const columns = Math.round(right / held.geometry.column);
    const rows = Math.round(down / held.geometry.row);
    const { box } = held;
    const wanted = held.resizes ? { ...box, w: Math.min(box.w + columns, held.geometry.columns - box.x), h: box.h + rows } : { ...box, x: box.x + columns, y: box.y + rows };
    const fitting = this.#ways.limits(wanted);
    const name = [fitting.x, fitting.y, fitting.w, fitting.h].join();
    if (held.last === name) return;
    held.last = name;
    held.target = fitting;
    this.#ways.preview(fitting);
  }

  #release(isMeant) {
    const held = this.#held;
    if (!held) return;
    this.#held = null;
    held.cell.classList.remove("is-held");
    if (!held.target) return;
    if (isMeant) this.#ways.done(held.target, held.before);
    else this.#ways.cancel(held.before);
  }
}

function scrollAtEdges(y) {
  if (y < EDGE * 2) scrollBy(0, -SCROLL);
  else if (y > innerHeight - EDGE) scrollBy(0, SCROLL);
}
