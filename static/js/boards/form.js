// The dialogs that ask which kind of widget is wanted, and what it is about. Kinds describe their settings
// (iotsphere/boards/kinds.py), and this draws them.

import { icon, make } from "./dom.js";

const FIND_AFTER = 250;
let counter = 0;

/** The name of a kind, or null. */
export function askKind(kinds) {
  const buttons = Object.entries(kinds).map(([name, kind]) =>
    make("button", { className: "button", value: name }, icon(kind.icon), make("span", {}, kind.label, make("small", { textContent: kind.about }))),
  );
  const dialog = dialogOf("Add a widget", make("form", { method: "dialog", className: "kinds" }, ...buttons), cancelling());
  return shown(dialog, () => (dialog.returnValue in kinds ? dialog.returnValue : null));
}

/** {title, settings} of a widget, or null. */
export function askSettings(board, widget) {
  const kind = board.page.kinds[widget.kind];
  const form = new SettingsForm(board, kind, widget);
  const dialog = dialogOf(`${kind.label}`, form.element);
  form.element.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close("ok");
  });
  return shown(dialog, () => (dialog.returnValue === "ok" ? form.read() : null));
}

function dialogOf(title, ...children) {
  const dialog = make("dialog", { className: "dialog dialog--wide" }, make("h2", { textContent: title }), ...children);
  dialog.setAttribute("aria-label", title);
  dialog.addEventListener("click", (event) => event.target.closest("[data-cancel]") && dialog.close(""));
  return dialog;
}

const cancelling = () => make("button", { type: "button", className: "button", textContent: "Cancel", data: { cancel: "" } });

function shown(dialog, answer) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const said = answer();
      dialog.remove();
      before?.focus?.({ preventScroll: true });
      resolve(said);
    });
  });
}

class SettingsForm {
  #board;
  #inputs = {};

  constructor(board, kind, { title, settings }) {
    this.#board = board;
    this.title = make("input", { maxLength: 100, value: title, placeholder: "A usual one" });
    const rows = kind.fields.map((field) => {
      const input = new INPUTS[field.kind](field, settings[field.name] ?? field.default, board, this);
      this.#inputs[field.name] = input;
      return labelled(field, input.element);
    });
    this.element = make(
      "form",
      { className: "dialog__form" },
      ...rows,
      labelled({ label: "Title", hint: "" }, this.title),
      make("div", { className: "dialog__buttons" }, make("button", { className: "button button--primary", textContent: "Apply" }), cancelling()),
    );
    const device = this.#inputs.device;
    if (device?.thing) this.deviceIs(device.thing);
  }

  /** Fields that are about the device learn which it is. */
  deviceIs(thing) {
    for (const input of Object.values(this.#inputs)) input.deviceIs?.(thing);
  }

  /** Parameters belong to the command that is chosen, values to the setting. */
  chosen(thing, name) {
    for (const input of Object.values(this.#inputs)) input.chosen?.(thing, name);
  }

  read() {
    const settings = {};
    for (const [name, input] of Object.entries(this.#inputs)) {
      const value = input.value;
      if (value !== "" && value !== null && value !== undefined) settings[name] = value;
    }
    return { title: this.title.value.trim(), settings };
  }
}

function labelled({ label, hint, required }, element) {
  const control = element.matches("input, select, textarea") ? element : element.querySelector("input, select, textarea");
  counter += 1;
  const id = `setting-${counter}`;
  const isOne = control === element;
  if (isOne) element.id = id;
  else {
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", label);
  }
  const words = isOne ? make("label", { htmlFor: id }, label) : make("span", { className: "field__label", textContent: label });
  if (required && isOne) element.required = true;
  return make("div", { className: "field" }, words, element, hint ? make("span", { className: "field__hint", textContent: hint }) : null);
}

const options = (pairs, value, empty = null) => [
  ...(empty === null ? [] : [new Option(empty, "", value === undefined || value === null, value === undefined || value === null)]),
  ...pairs.map(([key, words]) => new Option(words, key, key === value, key === value)),
];

class Plain {
  get value() {
    return this.element.value.trim();
  }
}

class TextInput extends Plain {
  constructor({ most, long }, value) {
    super();
    this.element = make(long ? "textarea" : "input", { maxLength: most, value: value ?? "" });
  }
}

class NumberInput extends Plain {
  constructor({ low, high, whole }, value) {
    super();
    this.element = make("input", { type: "number", step: whole ? 1 : "any", value: value ?? "" });
    if (low !== null) this.element.min = low;
    if (high !== null) this.element.max = high;
  }

  get value() {
    return Number.isNaN(this.element.valueAsNumber) ? null : this.element.valueAsNumber;
  }
}

class ChoiceInput extends Plain {
  constructor({ choices }, value) {
    super();
    this.element = make("select", {}, ...options(choices, value));
  }
}

class ProjectInput extends Plain {
  constructor(_field, value, board) {
    super();
    this.element = make("select", {}, ...options(board.page.projects, value, "All"));
  }
}

class TypeInput extends Plain {
  constructor(_field, value, board) {
    super();
    this.element = make("select", {}, ...options(board.page.types, value, "All"));
  }
}

/** An input with proposals, that are looked for as one types; `found` is called with the device that is named. */
class DevicePicker {
  #board;
  #found;
  #timer = null;
  thing = null;

  constructor(board, value, found) {
    this.#board = board;
    this.#found = found;
    counter += 1;
    this.list = make("datalist", { id: `devices-${counter}` });
    this.input = make("input", { value: value ?? "", autocomplete: "off", placeholder: "Name or ID", maxLength: 64 });
    this.input.setAttribute("list", this.list.id);
    this.input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      if (!this.#take()) this.#timer = setTimeout(() => this.#look(), FIND_AFTER);
    });
    this.thing = board.things.get(value) ?? null;
    this.#look();
  }

  async #look() {
    const query = new URLSearchParams({ q: this.thing ? "" : this.input.value.trim(), limit: 30 });
    const answer = await fetch(`${this.#board.page.addresses.devices}?${query}`).catch(() => null);
    if (!answer?.ok) return;
    const { devices } = await answer.json();
    for (const thing of devices) this.#board.things.meet(thing);
    this.list.replaceChildren(...devices.map((thing) => make("option", { value: thing.device_id, label: `${thing.name} · ${thing.project}` })));
    const [only] = devices;
    if (devices.length === 1 && only.name.toLowerCase() === this.input.value.trim().toLowerCase()) this.input.value = only.device_id;
    if (!this.thing) this.#take();
  }

  #take() {
    this.thing = this.#board.things.get(this.input.value.trim()) ?? null;
    this.input.setCustomValidity(this.thing || !this.input.value ? "" : "Choose one of the devices that are proposed.");
    if (this.thing) this.#found(this.thing);
    return this.thing !== null;
  }
}

class DeviceInput {
  constructor(_field, value, board, form) {
    this.picker = new DevicePicker(board, value, (thing) => form.deviceIs(thing));
    this.element = this.picker.input;
    queueMicrotask(() => this.element.after(this.picker.list));
  }

  get thing() {
    return this.picker.thing;
  }

  get value() {
    return this.element.value.trim();
  }
}

const metricsOf = (thing) => Object.values(thing.metrics).map(({ key, label, unit }) => [key, unit ? `${label} (${unit})` : label]);

class MetricInput extends Plain {
  #wanted;

  constructor(_field, value) {
    super();
    this.#wanted = value;
    this.element = make("select", {}, ...options([], undefined, "Choose the device first"));
  }

  deviceIs(thing) {
    const wanted = this.element.value || this.#wanted;
    const known = metricsOf(thing);
    this.element.replaceChildren(...options(known, known.some(([key]) => key === wanted) ? wanted : known[0]?.[0]));
  }
}

class KeysInput extends Plain {
  constructor(_field, value) {
    super();
    this.element = make("input", { value: (value ?? []).join(", "), placeholder: "temperature, humidity", maxLength: 400 });
  }

  get value() {
    const keys = this.element.value.split(/[,\s]+/).filter(Boolean);
    return keys.length ? keys : null;
  }
}

class SeriesInput {
  #board;
  #rows = new Set();

  constructor({ most }, value, board) {
    this.#board = board;
    this.most = most;
    this.rows = make("div", { className: "series" });
    this.more = make("button", { type: "button", className: "button button--quiet", onclick: () => this.#add({}) }, icon("plus"), "Add a series");
    this.element = make("div", { className: "series" }, this.rows, this.more);
    for (const line of value?.length ? value : [{}]) this.#add(line);
  }

  #add({ device, metric }) {
    const select = new MetricInput({}, metric);
    select.element.ariaLabel = "Metric";
    select.element.required = true;
    const picker = new DevicePicker(this.#board, device ?? [...this.#rows].at(-1)?.picker.input.value, (thing) => select.deviceIs(thing));
    picker.input.ariaLabel = "Device";
    picker.input.required = true;
    if (picker.thing) select.deviceIs(picker.thing);
    const row = { picker, select };
    const remove = make("button", { type: "button", className: "button button--quiet button--icon", ariaLabel: "Remove this series" }, icon("x"));
    const line = make("div", { className: "series__row" }, picker.input, select.element, remove, picker.list);
    remove.addEventListener("click", () => {
      if (this.#rows.size === 1) return;
      this.#rows.delete(row);
      line.remove();
      this.#refresh();
    });
    this.#rows.add(row);
    this.rows.append(line);
    this.#refresh();
  }

  #refresh() {
    this.more.hidden = this.#rows.size >= this.most;
  }

  get value() {
    return [...this.#rows].map(({ picker, select }) => ({ device: picker.input.value.trim(), metric: select.value }));
  }
}

class CommandInput extends Plain {
  #wanted;
  #form;

  constructor(_field, value, _board, form) {
    super();
    this.#wanted = value;
    this.#form = form;
    this.element = make("select", {}, ...options([], undefined, "Choose the device first"));
  }

  deviceIs(thing) {
    const wanted = this.element.value || this.#wanted;
    const known = Object.entries(thing.commands).map(([name, { label }]) => [name, label]);
    this.element.replaceChildren(...(known.length ? options(known, wanted) : options([], undefined, "It takes no commands")));
    this.element.onchange = () => this.#form.chosen(thing, this.element.value);
    this.element.onchange();
  }
}

/** One input of a schema: a number, a choice, yes or no, or a text. */
function inputOf({ kind, choices, low, high, step, default: usual, required }, value) {
  const said = value ?? usual;
  if (kind === "choice" || kind === "boolean") {
    const known = (kind === "boolean" ? [true, false] : choices).map((choice) => [JSON.stringify(choice), choice === true ? "Yes" : choice === false ? "No" : String(choice)]);
    const element = make("select", { required }, ...options(known, said === undefined || said === null ? undefined : JSON.stringify(said), "–"));
    return { element, read: () => (element.value ? JSON.parse(element.value) : null) };
  }
  const isNumber = kind === "number" || kind === "integer";
  const element = make("input", { type: isNumber ? "number" : "text", required, value: said ?? "", maxLength: 100 });
  if (isNumber) Object.assign(element, { step: step ?? "any", min: low ?? "", max: high ?? "" });
  return { element, read: () => (isNumber ? (Number.isNaN(element.valueAsNumber) ? null : element.valueAsNumber) : element.value || null) };
}

class ParamsInput {
  #wanted;
  #inputs = new Map();

  constructor(_field, value) {
    this.#wanted = value ?? {};
    this.element = make("div", { className: "series" });
  }

  chosen(thing, name) {
    const inputs = thing.commands[name]?.inputs ?? [];
    this.#inputs = new Map(inputs.map((one) => [one.key, inputOf(one, this.#wanted[one.key])]));
    const rows = inputs.map((one) => labelled(one, this.#inputs.get(one.key).element));
    this.element.replaceChildren(...(rows.length ? rows : [make("p", { className: "field__hint", textContent: "It takes none." })]));
  }

  get value() {
    const read = [...this.#inputs].map(([key, input]) => [key, input.read()]).filter(([, value]) => value !== null);
    return read.length ? Object.fromEntries(read) : null;
  }
}

class SettingInput extends Plain {
  #wanted;
  #of;
  #form;

  constructor({ of }, value, _board, form) {
    super();
    this.#of = of;
    this.#wanted = value;
    this.#form = form;
    this.element = make("select", {}, ...options([], undefined, "Choose the device first"));
  }

  deviceIs(thing) {
    const wanted = this.element.value || this.#wanted;
    const fits = ({ kind }) => (this.#of === "number" ? kind === "number" || kind === "integer" : kind === "boolean" || kind === "choice");
    const known = Object.values(thing.settings).filter(fits).map(({ key, label }) => [key, label]);
    this.element.replaceChildren(...(known.length ? options(known, wanted) : options([], undefined, "It has no such setting")));
    this.element.onchange = () => this.#form.chosen(thing, this.element.value);
    this.element.onchange();
  }
}

class ScalarInput {
  #wanted;
  #read = () => null;

  constructor(_field, value) {
    this.#wanted = value;
    this.element = make("div", {}, make("p", { className: "field__hint", textContent: "Choose the setting first." }));
  }

  chosen(thing, name) {
    const setting = thing.settings[name];
    if (!setting) return;
    const { element, read } = inputOf({ ...setting, default: null, required: setting.kind === "choice" }, this.#wanted);
    element.ariaLabel = setting.label;
    this.#read = read;
    this.element.replaceChildren(element);
  }

  get value() {
    return this.#read();
  }
}

const INPUTS = {
  text: TextInput,
  number: NumberInput,
  choice: ChoiceInput,
  project: ProjectInput,
  type: TypeInput,
  device: DeviceInput,
  metric: MetricInput,
  keys: KeysInput,
  series: SeriesInput,
  command: CommandInput,
  params: ParamsInput,
  setting: SettingInput,
  scalar: ScalarInput,
};
