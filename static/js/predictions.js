// The Predictions tab: fetched when it is first looked at, and anew when it is returned to after a while.

import { toast } from "./toast.js";

const STALE_AFTER = 5 * 60_000;

export class Predictions {
  #follow;
  #panel;
  #fetchedAt = Date.now();

  constructor(follow) {
    this.#follow = follow;
  }

  init(panel) {
    this.#panel = panel;
    if (panel.childElementCount === 0) this.#fetchedAt = 0;
  }

  activate() {
    this.stop = this.#follow();
    if (Date.now() - this.#fetchedAt > STALE_AFTER) this.#fetch();
  }

  deactivate() {
    this.stop();
  }

  async #fetch() {
    const address = document.getElementById("tab-predictions").href;
    const answer = await fetch(address, { headers: { "X-Fragment": "1" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) {
      toast("It could not be loaded.", { label: "Try again", run: () => this.#fetch() });
      return;
    }
    this.#fetchedAt = Date.now();
    this.#panel.innerHTML = await answer.text();
  }
}
