// Forms that do what cannot be undone: the page's dialog asks first.

import { ask } from "./ask.js";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("question" in form.dataset)) return;
  event.preventDefault();
  const { question, consequence, yes } = form.dataset;
  if (await ask(document.querySelector("[data-asking]"), question, consequence, yes, "destructive" in form.dataset)) {
    form.submit();
  }
});
