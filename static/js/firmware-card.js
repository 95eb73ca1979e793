// The Details tab's firmware: what runs on the device, and how far its update is, as the device reports it.

export class FirmwareCard {
  #card;
  #statuses;

  constructor(card, statuses) {
    this.#card = card;
    this.#statuses = statuses;
  }

  follow({ reported }) {
    const { version, state, percent, error } = reported.firmware ?? {};
    if (version) this.#part("version").textContent = version;
    if (!(state in this.#statuses)) return;
    const badge = this.#part("state");
    badge.hidden = false;
    badge.dataset.firmware = state;
    badge.textContent = this.#statuses[state];
    const bar = this.#part("percent");
    bar.hidden = percent === undefined;
    bar.value = percent ?? 0;
    this.#part("error").textContent = error ?? "";
  }

  #part(name) {
    return this.#card.querySelector(`[data-firmware-${name}]`);
  }
}
