// Forms that cannot be undone ask first.

import { ask } from "../ask.js";

document.addEventListener("submit", async (event) => {
  const { confirm, consequence, yes } = event.target.dataset;
  if (!confirm) return;
  event.preventDefault();
  if (await ask(document, confirm, consequence, yes, true)) {
    delete event.target.dataset.confirm;
    event.target.requestSubmit(event.submitter);
  }
});
