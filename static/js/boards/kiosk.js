// Kiosk: one dashboard after the other on the whole screen, without anything else; Escape leaves.

import { make } from "./dom.js";

const USUAL = 30;
const LEAST = 5;

/** Ask which dashboards and how long each, then begin. */
export function prepare(board) {
  const others = Array.from(document.querySelectorAll(".board-switch__panel a[data-board-id]"), (link) => [link.dataset.boardId, link.textContent.trim()]);
  const check = (id, name, checked) => make("label", { className: "check" }, make("input", { type: "checkbox", name: "boards", value: id, checked }), name);
  const every = make("input", { type: "number", id: "kiosk-every", min: LEAST, max: 3600, value: USUAL, required: true });
  const form = make(
    "form",
    { method: "dialog", className: "dialog__form" },
    make("fieldset", {}, make("legend", { className: "field__label", textContent: "Dashboards" }), make("div", { className: "checks" }, check(board.board.id, board.board.name, true), ...others.map(([id, name]) => check(id, name, false)))),
    make("div", { className: "field" }, make("label", { htmlFor: "kiosk-every", textContent: "Seconds for each" }), every),
    make("div", { className: "dialog__buttons" }, make("button", { className: "button button--primary", value: "go", textContent: "Start" }), make("button", { className: "button", formNoValidate: true, textContent: "Cancel" })),
  );
  const dialog = make("dialog", { className: "dialog" }, make("h2", { textContent: "Kiosk" }), make("p", { textContent: "The whole screen, one dashboard after the other. Escape leaves." }), form);
  dialog.setAttribute("aria-label", "Kiosk");
  dialog.addEventListener("close", () => {
    const ids = Array.from(form.querySelectorAll("[name=boards]:checked"), ({ value }) => value);
    dialog.remove();
    if (dialog.returnValue === "go" && ids.length) new Kiosk(board, ids, every.valueAsNumber).start();
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** `?kiosk=3,7&every=20`: for screens that begin with it. */
export function fromAddress(board, text) {
  const ids = text.split(",").filter((id) => /^\d{1,18}$/.test(id));
  const every = Number(new URLSearchParams(location.search).get("every")) || USUAL;
  new Kiosk(board, ids.length ? ids : [String(board.board.id)], Math.max(LEAST, every)).start();
}

class Kiosk {
  #board;
  #ids;
  #every;
  #at;
  #since = performance.now();
  #bar = make("progress", { className: "kiosk__progress", max: 1, value: 0, ariaLabel: "Until the next dashboard" });
  #timer = null;
  #stop = new AbortController();
  #lock = null;

  constructor(board, ids, every) {
    this.#board = board;
    this.#ids = ids;
    this.#every = every * 1000;
    this.#at = Math.max(0, ids.indexOf(String(board.board.id)));
  }

  async start() {
    const { signal } = this.#stop;
    document.documentElement.classList.add("kiosk");
    document.querySelector(".board-switch").open = false;
    const address = new URLSearchParams({ kiosk: this.#ids.join(","), every: this.#every / 1000 });
    history.replaceState(null, "", `${location.pathname}?${address}`);
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    document.addEventListener("fullscreenchange", () => document.fullscreenElement || this.leave(), { signal });
    // A browser lets a page take the screen after a press of a key or a button; else it has to be started so.
    if (navigator.userActivation?.isActive) await document.documentElement.requestFullscreen?.().catch(() => {});
    this.#lock = await navigator.wakeLock?.request("screen").catch(() => null);
    if (this.#ids.length < 2) return;
    document.body.append(this.#bar);
    this.#timer = setInterval(() => this.#tick(), 250);
  }

  leave() {
    this.#stop.abort();
    clearInterval(this.#timer);
    this.#bar.remove();
    this.#lock?.release();
    document.documentElement.classList.remove("kiosk");
    if (document.fullscreenElement) document.exitFullscreen();
    if (this.#board.page.board.id !== this.#board.board.id) location.assign(this.#pageOf(this.#board.board.id));
    else history.replaceState(null, "", location.pathname);
  }

  #key(event) {
    if (event.key === "Escape") this.leave();
    else if (event.key === "ArrowRight") this.#turn(1);
    else if (event.key === "ArrowLeft") this.#turn(-1);
  }

  #tick() {
    const passed = performance.now() - this.#since;
    this.#bar.value = Math.min(1, passed / this.#every);
    if (passed >= this.#every) this.#turn(1);
  }

  async #turn(by) {
    if (this.#ids.length < 2) return;
    this.#since = performance.now();
    this.#at = (this.#at + by + this.#ids.length) % this.#ids.length;
    const data = await this.#board.fetchData(`${this.#pageOf(this.#ids[this.#at])}data/`);
    // One that is gone, or cannot be fetched now, is passed over.
    if (!data || this.#stop.signal.aborted) return;
    this.#board.load(data);
    document.querySelector(".board-switch h1").textContent = data.board.name;
    document.title = `${data.board.name} · IoTSphere`;
  }

  #pageOf(id) {
    return `${this.#board.page.addresses.list}${id}/`;
  }
}
