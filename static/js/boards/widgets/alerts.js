// What is wrong now, the newest first.

import { setAge } from "../../ages.js";
import { socket } from "../../live-connection.js";
import { make } from "../dom.js";
import { ask, Asking } from "./devices.js";

const ORDER = ["low", "medium", "high", "critical"];

export class Alerts extends Asking {
  every = 60_000;
  #stop = null;

  constructor({ body, age, settings, page }) {
    super();
    this.age = age;
    const query = new URLSearchParams({ is_open: "true", page_size: settings.limit ?? 8 });
    if (settings.project) query.set("project", settings.project);
    for (const severity of ORDER.slice(ORDER.indexOf(settings.severity ?? "low"))) query.append("severity", severity);
    this.address = `${page.addresses.alerts}?${query}`;
    this.wish = settings.project ? { project: settings.project } : {};
    this.pageOf = (alert) => `${page.addresses.alertPage}${alert.id}/`;
    this.list = make("ul", { className: "alert-rows" });
    this.note = make("p", { className: "cell__note", hidden: true });
    this.all = make("a", { className: "cell__more", href: page.addresses.alertPage, hidden: true });
    body.append(this.list, this.note, this.all);
  }

  /** While it is in view, alerts tell themselves when something happens to them. */
  show(isSeen) {
    super.show(isSeen);
    this.#stop?.();
    this.#stop = isSeen ? socket.follow("alerts", this.wish, (_alerts, isState) => isState || this.askSoon()) : null;
  }

  destroy() {
    super.destroy();
    this.#stop?.();
    this.#stop = null;
  }

  async refresh() {
    const found = await ask(this.address, this.age);
    if (!found) return;
    this.list.replaceChildren(...found.results.map((alert) => this.#row(alert)));
    this.note.hidden = found.count > 0;
    this.note.textContent = "Nothing is wrong.";
    this.all.hidden = found.count <= found.results.length;
    this.all.textContent = `All ${found.count} alerts`;
  }

  #row(alert) {
    const { severity, message, device, event_time: since } = alert;
    const time = make("time", { data: { age: "" } });
    setAge(time, since);
    const badge = make("span", { className: "badge", data: { severity }, textContent: severity });
    const link = make("a", { href: this.pageOf(alert), textContent: message });
    return make("li", {}, badge, make("span", { className: "alert-rows__what" }, link, make("span", { className: "quiet" }, device ? `${device} · ` : "", time)));
  }
}
