// Saves by itself what the editor has changed, and never over what somebody else has saved meanwhile.

import { call, Problem } from "../call.js";
import { make } from "./dom.js";

const SOON = 700;
const AGAIN = 5_000;

export class Saving {
  #board;
  #tell;
  #timer = null;
  #running = null;

  isDirty = false;

  /** `ways`: told(state, text), theirs(data), wrong(errors). */
  constructor(board, ways) {
    this.#board = board;
    this.#tell = ways;
  }

  soon(wait = SOON) {
    this.isDirty = true;
    this.#tell.told("waiting", "Not saved yet");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), wait);
  }

  /** Whether all is saved now. */
  async flush() {
    clearTimeout(this.#timer);
    await this.#running;
    if (this.isDirty) await this.#save();
    return !this.isDirty;
  }

  async #save() {
    if (this.#running) {
      await this.#running;
      if (!this.isDirty) return;
    }
    this.#running = this.#send();
    await this.#running;
    this.#running = null;
  }

  async #send() {
    const { board } = this.#board;
    const widgets = this.#board.widgets;
    this.isDirty = false;
    this.#tell.told("saving", "Saving…");
    try {
      const saved = await call("PATCH", board.api, { widgets: widgets.map(sent) }, { "If-Match": `"${board.version}"` });
      board.version = saved.version;
      this.#tell.wrong({});
      if (!this.isDirty) this.#tell.told("saved", "Saved");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.isDirty = true;
      await this.#failed(problem, widgets);
    }
  }

  async #failed(problem, widgets) {
    this.#tell.told("failed", `Not saved. ${problem.message}`);
    if (problem.status === 412) await this.#settle(widgets).catch((again) => this.#tell.told("failed", `Not saved. ${again.message}`));
    else if (problem.status === 0 || problem.status >= 500) this.soon(AGAIN);
    else this.#tell.wrong(problem.errors);
  }

  /** Somebody else was faster: nothing of either is lost. */
  async #settle(widgets) {
    if ((await askWhich()) === "mine") {
      const { board, page } = this.#board;
      const copy = await call("POST", `${board.api}duplicate/`, { name: `${board.name.slice(0, 90)} (mine)`, widgets: widgets.map(sent) });
      this.isDirty = false;
      location.assign(`${page.addresses.list}${copy.id}/?edit`);
      return;
    }
    const theirs = await this.#board.fetchData();
    if (!theirs) return;
    this.isDirty = false;
    this.#tell.theirs(theirs);
    this.#tell.told("saved", "Theirs is shown. Undo brings yours back.");
  }
}

const sent = ({ id, kind, x, y, w, h, title, settings, is_withheld: isWithheld }) =>
  isWithheld ? { id, kind, x, y, w, h, is_withheld: true } : { id, kind, x, y, w, h, title, settings };

function askWhich() {
  const choice = (value, words, isFirst) => make("button", { className: isFirst ? "button button--primary" : "button", value, textContent: words });
  const dialog = make(
    "dialog",
    { className: "dialog" },
    make("h2", { textContent: "Somebody else has changed this dashboard" }),
    make("p", { textContent: "Their changes are saved, yours are not yet. You can keep yours as a dashboard of your own, or load theirs." }),
    make("form", { method: "dialog", className: "dialog__buttons" }, choice("mine", "Keep mine as a copy", true), choice("theirs", "Load theirs", false)),
  );
  dialog.setAttribute("aria-label", "Somebody else has changed this dashboard");
  // It has to be decided: closing it is no answer.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "mine" ? "mine" : "theirs");
    });
  });
}
