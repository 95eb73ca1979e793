// The Details tab's settings and commands: what is wanted of the device, and what becomes of it.

import { setAge } from "./ages.js";
import { ask } from "./ask.js";
import { call, Problem } from "./call.js";
import { FirmwareCard } from "./firmware-card.js";
import { toast } from "./toast.js";
import { valueInWords } from "./values.js";

const inWords = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : valueInWords(value));

const LONGEST_WORD = 40;
const shortened = (text) => (text.length <= LONGEST_WORD ? text : `${text.slice(0, LONGEST_WORD)}…`);

const paramsInWords = (params) =>
  Object.entries(params)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${shortened(String(inWords(value)))}`)
    .join(", ");

/** What an input holds, as JSON would; undefined if it is empty. */
function valueOf(input) {
  if (input.value === "") return undefined;
  if (input.dataset.kind === "number") return input.valueAsNumber;
  return input.dataset.kind === "choice" ? JSON.parse(input.value) : input.value;
}

function show(input, value) {
  input.value = input.dataset.kind === "choice" ? JSON.stringify(value) : value;
  const slider = input.parentElement.querySelector("[data-slider]");
  if (slider) slider.value = value;
}

/** A slider and the number beside it are one. */
function pair(root) {
  for (const slider of root.querySelectorAll("[data-slider]")) {
    const number = slider.parentElement.querySelector("[type=number]");
    slider.addEventListener("input", () => {
      number.value = slider.value;
      number.dispatchEvent(new Event("input", { bubbles: true }));
    });
    number.addEventListener("input", () => {
      if (number.value !== "") slider.value = number.value;
    });
  }
}

class Settings {
  #form;
  #address;
  #version;
  #reportedAt = 0;
  #desired = new Map();
  #touched = new Set();

  constructor(form, { twin, version }) {
    this.#form = form;
    this.#address = twin;
    this.#version = version;
    for (const [key, input] of this.#inputs()) this.#desired.set(key, valueOf(input));
    pair(form);
    form.addEventListener("input", (event) => {
      const setting = event.target.closest("[data-setting]");
      if (setting) this.#touched.add(setting.dataset.setting);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#apply();
    });
  }

  follow(twin) {
    const reportedAt = twin.reported_at ? Date.parse(twin.reported_at) : 0;
    // What is pushed and what is answered may overtake each other.
    if (twin.version < this.#version || reportedAt < this.#reportedAt) return;
    this.#version = twin.version;
    this.#reportedAt = reportedAt;
    for (const [key, input, setting] of this.#inputs()) {
      const wanted = twin.desired[key] ?? twin.reported[key];
      if (wanted !== undefined && !this.#touched.has(key)) {
        this.#desired.set(key, wanted);
        show(input, wanted);
      }
      setting.querySelector("[data-reported]").textContent = inWords(twin.reported[key]);
      const pending = setting.querySelector("[data-pending]");
      pending.hidden = !(key in twin.pending);
      if (!pending.hidden) restart(pending.querySelector("time"), twin.pending[key]);
    }
  }

  *#inputs() {
    for (const setting of this.#form.querySelectorAll("[data-setting]")) {
      yield [setting.dataset.setting, setting.querySelector("[name]"), setting];
    }
  }

  async #apply() {
    const note = this.#form.querySelector("[data-note]");
    const desired = {};
    for (const [key, input] of this.#inputs()) {
      const value = valueOf(input);
      if (this.#touched.has(key) && value !== undefined) desired[key] = value;
    }
    if (!Object.keys(desired).length) {
      note.textContent = "Nothing was changed.";
      return;
    }
    const button = this.#form.querySelector("[data-apply]");
    button.disabled = true;
    try {
      const twin = await call("PATCH", this.#address, { desired }, { "If-Match": `"${this.#version}"` });
      this.#touched.clear();
      this.follow(twin);
      const owed = this.#form.querySelector("[data-pending]:not([hidden])");
      note.textContent = owed ? "Sent. The device has to say that it has taken it." : "";
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 412) await this.#lookAgain();
      note.textContent = problem.status === 412 ? "Somebody else has changed settings meanwhile. Look, then apply." : problem.message;
    } finally {
      button.disabled = false;
    }
  }

  async #lookAgain() {
    this.follow(await call("GET", this.#address));
  }
}

class Commands {
  #panel;
  #settings;
  #list;

  constructor(panel, settings) {
    this.#panel = panel;
    this.#settings = settings;
    this.#list = panel.querySelector("[data-commands]");
    pair(panel);
    for (const form of panel.querySelectorAll("[data-order]")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#send(form);
      });
    }
    this.#list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-take-back]");
      if (button) this.#takeBack(button.closest("[data-command-id]"));
    });
    this.#list.addEventListener("toggle", (event) => event.target.open && this.#showSteps(event.target), true);
  }

  follow(commands) {
    const oldestFirst = Object.entries(commands).sort(([, a], [, b]) => Date.parse(a.created_at) - Date.parse(b.created_at));
    for (const [id, command] of oldestFirst) this.#show(id, command);
    while (this.#list.children.length > this.#settings.last) this.#list.lastElementChild.remove();
    this.#panel.querySelector("[data-none]").hidden = this.#list.children.length > 0;
  }

  #show(id, { label, params, status, by, created_at: createdAt, reason }) {
    let row = this.#row(id);
    if (!row) {
      row = this.#panel.querySelector("[data-command-template]").content.cloneNode(true).querySelector("li");
      row.dataset.commandId = id;
      row.querySelector("[data-label]").textContent = label;
      row.querySelector("[data-params]").textContent = paramsInWords(params);
      row.querySelector("[data-by]").textContent = by ?? "the portal";
      setAge(row.querySelector("time"), createdAt);
      row.dataset.createdAt = createdAt;
      this.#list.prepend(row);
    }
    const badge = row.querySelector("[data-status]");
    const moved = badge.dataset.command !== status;
    badge.dataset.command = status;
    badge.textContent = this.#settings.statuses[status] ?? status;
    row.querySelector("[data-reason]").textContent = reason ? ` · ${reason}` : "";
    const takeBack = row.querySelector("[data-take-back]");
    if (takeBack) takeBack.hidden = status !== "queued";
    const steps = row.querySelector("[data-steps]");
    if (moved && steps.open) this.#showSteps(steps);
  }

  #row(id) {
    return this.#list.querySelector(`[data-command-id="${CSS.escape(id)}"]`);
  }

  async #send(form) {
    const { order, label } = form.dataset;
    const params = {};
    for (const input of form.querySelectorAll("[name]")) {
      const value = valueOf(input);
      if (value !== undefined) params[input.name] = value;
    }
    const consequence = form.querySelector(".order__what p")?.textContent ?? "";
    if ("asks" in form.dataset && !(await ask(this.#panel, `${label}?`, consequence, label, "destructive" in form.dataset))) return;
    const note = this.#panel.querySelector("[data-order-note]");
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      // The same key if the browser sends it again: the device is not told twice.
      const key = { "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
      const body = { name: order, params, devices: [this.#settings.device] };
      const answer = await call("POST", this.#settings.commands, body, key);
      // One that was pushed already may be further on than the answer says.
      const unseen = answer.commands.filter(({ id }) => !this.#row(id));
      this.follow(Object.fromEntries(unseen.map((command) => [command.id, { ...command, by: command.created_by }])));
      note.textContent = `${label}: queued.`;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      note.textContent = problem.message;
    } finally {
      button.disabled = false;
    }
  }

  async #takeBack(row) {
    try {
      await call("POST", `${this.#settings.commands}${row.dataset.commandId}/cancel/`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      toast(problem.message);
    }
  }

  async #showSteps(details) {
    const id = details.closest("[data-command-id]").dataset.commandId;
    try {
      const { steps } = await call("GET", `${this.#settings.commands}${id}/`);
      details.querySelector("ol").replaceChildren(...steps.map((step) => this.#step(step)));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      toast(problem.message);
    }
  }

  #step({ status, at, witness, detail, moved }) {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.dateTime = at;
    time.textContent = new Intl.DateTimeFormat("sv-SE", {
      timeStyle: "medium",
      dateStyle: "short",
      timeZone: document.documentElement.dataset.timeZone,
    }).format(Date.parse(at));
    const word = document.createElement("strong");
    word.textContent = this.#settings.statuses[status] ?? status;
    item.append(time, " ", word, ` (${witness}${moved ? "" : ", too late"})`, detail ? ` ${detail}` : "");
    return item;
  }
}

/** An age that may also go back: what is owed anew is owed since now. */
function restart(time, iso) {
  time.removeAttribute("datetime");
  setAge(time, iso);
}

export class Control {
  constructor(panel, settings) {
    const form = panel.querySelector("[data-settings]");
    const commands = panel.querySelector("[data-commands]");
    this.settings = form && new Settings(form, settings);
    const card = panel.querySelector("[data-firmware-card]");
    this.firmware = card && new FirmwareCard(card, settings.firmware);
    this.commands = commands && new Commands(panel, settings);
  }

  follow(change) {
    if (change.twin) {
      this.settings?.follow(change.twin);
      this.firmware?.follow(change.twin);
    }
    if (change.commands) this.commands?.follow(change.commands);
  }
}
