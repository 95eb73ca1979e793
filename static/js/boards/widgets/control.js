// What tells devices something: a button for a command, a switch and a slider for a setting.

import { ask } from "../../ask.js";
import { call, Problem } from "../../call.js";
import { valueInWords } from "../../values.js";
import { make } from "../dom.js";

const ENDED = new Set(["succeeded", "failed", "rejected", "timed_out", "expired", "cancelled"]);
const NOT_LIVE = "Nothing can be sent while the page is not live.";

const inWords = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : valueInWords(value));

class Control {
  constructor({ body, settings, things, page, name }) {
    this.thing = things.get(settings.device);
    this.settings = settings;
    this.page = page;
    this.name = name;
    this.body = body;
    this.note = make("p", { className: "cell__note", role: "status" });
  }

  begin() {
    this.body.dataset.changes = "";
    this.build(this.body);
    this.body.append(this.note);
    this.update(new Map());
  }

  say(text) {
    if (this.note.textContent !== text) this.note.textContent = text;
  }

  async try(send) {
    if (document.documentElement.dataset.live !== "live") {
      this.say(NOT_LIVE);
      return;
    }
    try {
      await send();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.say(problem.message);
    }
  }
}

export class Button extends Control {
  #sent = null;

  build(body) {
    const command = this.thing.commands[this.settings.command];
    this.button = make("button", { type: "button", className: "button button--wide", textContent: command?.label ?? this.settings.command });
    this.button.classList.toggle("button--danger", Boolean(command?.isDestructive));
    this.button.disabled = !this.thing.mayCommand || !command;
    this.button.addEventListener("click", () => this.#send(command));
    body.append(this.button);
    if (!command) this.say("The device's type takes no such command.");
    else if (!this.thing.mayCommand) this.say("Operators of the project send commands.");
  }

  update(news) {
    const said = this.#sent && news.get(this.thing.device_id)?.commands?.[this.#sent];
    if (!said) return;
    this.say(`${this.page.statuses[said.status] ?? said.status}${said.reason ? `: ${said.reason}` : ""}`);
    if (ENDED.has(said.status)) this.#sent = null;
  }

  async #send(command) {
    const { label, about, asks, isDestructive } = command;
    if (asks && !(await ask(document.body, `${label}: ${this.thing.name}?`, about, label, isDestructive))) return;
    this.button.disabled = true;
    await this.try(async () => {
      const key = { "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
      const body = { name: this.settings.command, params: this.settings.params ?? {}, devices: [this.thing.device_id] };
      const answer = await call("POST", this.page.addresses.commands, body, key);
      this.#sent = answer.commands[0]?.id ?? null;
      this.say(`${this.page.statuses.queued}.`);
    });
    this.button.disabled = false;
  }
}

class Setting extends Control {
  /** What is desired, else what the device says, in its twin or by a metric of that name. */
  get wanted() {
    const { desired, reported } = this.thing.twin;
    const key = this.settings.setting;
    return desired[key] ?? reported[key] ?? this.thing.metrics[key]?.value;
  }

  get known() {
    return this.thing.settings[this.settings.setting];
  }

  update() {
    this.show(this.wanted);
    const { reported, pending } = this.thing.twin;
    if (!this.known) this.say("The device's type has no such setting.");
    else if (this.settings.setting in pending) this.say(`Waits for the device, which says ${inWords(reported[this.settings.setting] ?? null)}.`);
    else this.say(this.thing.maySet ? "" : "Operators of the project change settings.");
  }

  async set(value) {
    await this.try(async () => {
      const twin = await call("PATCH", this.thing.twinAddress, { desired: { [this.settings.setting]: value } });
      this.thing.twin = { version: twin.version, desired: twin.desired, reported: twin.reported, pending: twin.pending };
      this.update();
    });
    this.show(this.wanted);
  }
}

export class Switch extends Setting {
  build(body) {
    this.button = make("button", { type: "button", className: "switch", role: "switch", ariaLabel: this.name });
    this.button.disabled = !this.thing.maySet || !this.known;
    this.button.addEventListener("click", () => this.set(this.#isOn(this.wanted) ? this.#off : this.#on));
    this.words = make("span", { className: "control__words" });
    body.append(make("p", { className: "control" }, this.button, this.words));
  }

  get #on() {
    return this.settings.on ?? true;
  }

  get #off() {
    return this.settings.off ?? false;
  }

  #isOn(value) {
    return value === this.#on;
  }

  show(value) {
    this.button.setAttribute("aria-checked", String(this.#isOn(value)));
    this.words.textContent = inWords(value ?? null);
  }
}

export class Slider extends Setting {
  #isHeld = false;

  build(body) {
    const { low = 0, high = 100, step, hint = "" } = this.known ?? {};
    this.input = make("input", { type: "range", ariaLabel: this.name, min: low ?? 0, max: high ?? 100, step: step ?? "any" });
    this.input.disabled = !this.thing.maySet || !this.known;
    this.input.addEventListener("input", () => {
      this.#isHeld = true;
      this.#tell(this.input.valueAsNumber);
    });
    this.input.addEventListener("change", async () => {
      await this.set(this.input.valueAsNumber);
      this.#isHeld = false;
    });
    this.words = make("output", { className: "control__value" });
    this.hint = hint;
    body.append(make("p", { className: "control" }, this.input, this.words));
  }

  show(value) {
    if (this.#isHeld && document.activeElement === this.input) return;
    if (typeof value === "number") this.input.value = value;
    this.#tell(typeof value === "number" ? value : null);
  }

  #tell(value) {
    this.words.textContent = value === null ? "–" : `${inWords(value)} ${this.hint}`.trim();
  }
}
