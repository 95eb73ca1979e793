// Buttons that make a report where one is: it is downloaded when it is there, and told how far it is until then.

import { call } from "../call.js";

const ASK_EVERY = 800;

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-export]");
  if (!form) return;
  event.preventDefault();
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  try {
    await make(form, event.submitter);
  } catch (error) {
    say(form, error.message, true);
  }
  form.ariaBusy = "false";
});

async function make(form, button) {
  const said = Object.fromEntries([...new FormData(form)].filter(([name, value]) => value && name !== "csrfmiddlewaretoken"));
  const answer = await begin(form, button.formAction, said);
  if (answer instanceof Blob) return;
  let run = answer;
  while (run.status === "queued" || run.status === "running") {
    say(form, run.status === "queued" ? "It waits for a worker." : `${run.percent} % done.`, false, run.percent ?? 0);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY));
    run = { ...answer, ...(await call("GET", answer.run)) };
  }
  if (run.status !== "done") throw new Error(run.problem || "It was cancelled.");
  save(answer.file, run.file_name);
  say(form, `${run.file_name} is there.`);
}

async function begin(form, address, said) {
  say(form, "It is being made.", false, 0);
  const answer = await fetch(address, {
    method: "POST",
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value,
    },
    body: JSON.stringify(said),
  }).catch(() => null);
  if (!answer) throw new Error("The portal does not answer. Try again when it does.");
  if (answer.status === 200) {
    const blob = await answer.blob();
    const name = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "report";
    const place = URL.createObjectURL(blob);
    save(place, name);
    setTimeout(() => URL.revokeObjectURL(place), 60_000);
    say(form, `${name} is there.`);
    return blob;
  }
  const content = await answer.json().catch(() => ({}));
  if (answer.status !== 202) {
    const sentences = Object.values(content.errors ?? {}).flat();
    throw new Error(sentences.join(" ") || content.problem || content.detail || `The portal answered ${answer.status}.`);
  }
  return content;
}

function save(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

function say(form, text, isProblem = false, percent = null) {
  const words = form.querySelector("[data-words]");
  words.textContent = text;
  words.classList.toggle("field__problem", isProblem);
  const bar = form.querySelector("progress");
  bar.hidden = percent === null;
  if (percent) bar.value = percent;
  else bar.removeAttribute("value");
}
