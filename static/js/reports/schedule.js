// A schedule that is being written: it is said when it would be due, and what cannot be meant.

import "../questions.js";

const PAUSE = 250; // milliseconds without a key
const form = document.querySelector("[data-schedule-form]");
const sentence = form.querySelector("[data-sentence]");
const list = form.querySelector("[data-next]");
const TIMING = ["every", "at", "weekdays", "day", "cron", "time_zone"];
let timer = 0;
let asked = 0;

function arrange() {
  const every = form.elements.every.value;
  for (const part of form.querySelectorAll("[data-of]")) part.hidden = !part.dataset.of.split(" ").includes(every);
}

async function preview() {
  const mine = ++asked;
  const answer = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form) }).catch(() => null);
  if (mine !== asked || !answer?.ok) return;
  const { next = [], problems = {}, sentence: said = "" } = await answer.json();
  for (const name of TIMING) {
    const problem = form.querySelector(`[data-field="${name}"] [data-problem]`);
    problem.textContent = problems[name] ?? "";
    problem.hidden = !(name in problems);
  }
  sentence.textContent = said || Object.values(problems)[0];
  list.replaceChildren(
    ...next.map((moment) => {
      const item = document.createElement("li");
      item.textContent = moment;
      return item;
    }),
  );
}

form.addEventListener("input", (event) => {
  arrange();
  if (!TIMING.includes(event.target.name)) return;
  clearTimeout(timer);
  timer = setTimeout(preview, PAUSE);
});
arrange();
preview();
