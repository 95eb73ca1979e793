// The messages that came, newest first: filtered, held still while paused, one of them shown in full.

import { language } from "../language.js";
import { pretty, raw, summary } from "./payload.js";

const MOST_SHOWN = 500;

export class Messages {
  #list;
  #empty;
  #shown;
  #kept = []; // newest last
  #text = "";
  #topic = "";
  #selected = null;
  #asJson = true;
  #clock = new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    timeZone: document.documentElement.dataset.timeZone,
  });

  paused = false;
  waiting = 0;

  constructor(list, empty, shown) {
    this.#list = list;
    this.#empty = empty;
    this.#shown = shown;
    for (const button of shown.querySelectorAll("[data-as]")) {
      button.addEventListener("click", () => this.#showAs(button.dataset.as === "json"));
    }
  }

  add(messages) {
    this.#kept.push(...messages);
    this.#kept.splice(0, Math.max(0, this.#kept.length - MOST_SHOWN));
    if (this.paused) {
      this.waiting += messages.length;
      return;
    }
    this.#list.prepend(...messages.filter((message) => this.#fits(message)).map((message) => this.#row(message)).reverse());
    while (this.#list.childElementCount > MOST_SHOWN) this.#list.lastElementChild.remove();
    this.#tellIfEmpty();
  }

  pause(paused) {
    this.paused = paused;
    if (!paused) this.#paint();
  }

  filter({ text = this.#text, topic = this.#topic }) {
    this.#text = text.toLowerCase();
    this.#topic = topic;
    this.#paint();
  }

  clear() {
    this.#kept = [];
    this.#selected = null;
    this.#shown.hidden = true;
    this.#paint();
  }

  #fits({ topic, payload }) {
    if (this.#topic && topic !== this.#topic && !topic.startsWith(`${this.#topic}/`)) return false;
    return !this.#text || topic.toLowerCase().includes(this.#text) || payload.toLowerCase().includes(this.#text);
  }

  #paint() {
    this.waiting = 0;
    const rows = this.#kept.filter((message) => this.#fits(message)).map((message) => this.#row(message));
    this.#list.replaceChildren(...rows.reverse());
    this.#tellIfEmpty();
  }

  #tellIfEmpty() {
    this.#empty.hidden = this.#list.childElementCount > 0;
  }

  #row(message) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.className = "message";
    button.type = "button";
    button.append(
      part("time", "message__time", this.#clock.format(Date.parse(message.received_at))),
      part("span", "message__topic", message.topic),
      part("span", "message__marks", [`QoS ${message.qos}`, message.retain && "retained"].filter(Boolean).join(" · ")),
      part("span", "message__payload", summary(message).slice(0, 300)),
    );
    if (message === this.#selected) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => this.#select(message, button));
    item.append(button);
    return item;
  }

  #select(message, button) {
    this.#list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    button.setAttribute("aria-current", "true");
    this.#selected = message;
    this.#show();
  }

  #showAs(asJson) {
    this.#asJson = asJson;
    this.#show();
  }

  #show() {
    const message = this.#selected;
    const json = pretty(message);
    const asJson = this.#asJson && json !== null;
    this.#shown.hidden = false;
    this.#shown.querySelector("[data-topic]").textContent = message.topic;
    this.#shown.querySelector("[data-facts]").textContent = facts(message);
    this.#shown.querySelector("code").replaceChildren(asJson ? json : raw(message));
    for (const button of this.#shown.querySelectorAll("[data-as]")) {
      button.disabled = button.dataset.as === "json" && json === null;
      button.setAttribute("aria-pressed", String((button.dataset.as === "json") === asJson));
    }
  }
}

function facts({ received_at, qos, retain, size, cut, encoding }) {
  return [
    received_at,
    `QoS ${qos}`,
    retain && "retained",
    `${size.toLocaleString(language)} bytes`,
    encoding === "base64" && "not text",
    cut && "the beginning is shown",
  ]
    .filter(Boolean)
    .join(" · ");
}

function part(name, className, text) {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}
