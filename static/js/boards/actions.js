// What can be done with a dashboard as a whole, on its page and in the list.

import { ask } from "../ask.js";
import { call, Problem } from "../call.js";
import { toast } from "../toast.js";

const page = document.querySelector("[data-boards]");
const api = page.dataset.boards;
const UNDO_KEY = "deleted-dashboard";

const VERBS = {
  rename: ({ id, name }) => naming("Rename the dashboard", "Rename", name, (wanted) => call("PATCH", `${api}${id}/`, { name: wanted }), reload),
  share: ({ id, project }) => share(id, project),
  duplicate: ({ id }) => call("POST", `${api}${id}/duplicate/`, {}).then(open),
  default: ({ id }) => call("POST", `${api}${id}/default/`).then(reload),
  "no-default": ({ id }) => call("DELETE", `${api}${id}/default/`).then(reload),
  delete: (board) => remove(board),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button) attempt(() => VERBS[button.dataset.action](aboutOf(button)));
  else if (event.target.closest("[data-create]")) create();
  else if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
});

function aboutOf(button) {
  button.closest("details").open = false;
  const { board: id, name, project } = button.closest("[data-board]").dataset;
  return { id, name, project };
}

async function attempt(verb) {
  try {
    await verb();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    toast(problem.message);
  }
}

const reload = () => location.reload();
const open = ({ id }, query = "") => location.assign(`${page.dataset.list}${id}/${typeof query === "string" ? query : ""}`);

const create = () => naming("New dashboard", "Make it", "", (name) => call("POST", api, { name }), (made) => open(made, "?edit"));

/** Ask for a name, send it, and say in the dialog what is wrong with it. */
function naming(title, yes, name, send, done) {
  const dialog = document.querySelector("[data-naming]");
  dialog.querySelector("[data-title]").textContent = title;
  dialog.querySelector("[data-yes]").textContent = yes;
  const input = dialog.querySelector("input");
  input.value = name;
  submitting(dialog, () => send(input.value.trim()), done);
  dialog.showModal();
  input.select();
}

function share(id, project) {
  const dialog = document.querySelector("[data-sharing]");
  const select = dialog.querySelector("select");
  if (project && ![...select.options].some(({ value }) => value === project)) select.append(new Option(project, project));
  select.value = project;
  submitting(dialog, () => call("PATCH", `${api}${id}/`, { project: select.value || null }), reload);
  dialog.showModal();
}

function submitting(dialog, send, done) {
  const wrong = dialog.querySelector("[data-wrong]");
  wrong.textContent = "";
  dialog.querySelector("[data-form]").onsubmit = async (event) => {
    event.preventDefault();
    try {
      const answer = await send();
      dialog.close();
      done(answer);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      wrong.textContent = problem.message;
    }
  };
}

async function remove({ id, name, project }) {
  const consequence = `${project ? "Nobody it is shared with sees it any more. " : ""}It can be brought back for seven days.`;
  if (!(await ask(document.body, `Delete “${name}”?`, consequence, "Delete", true))) return;
  await call("DELETE", `${api}${id}/`);
  sessionStorage.setItem(UNDO_KEY, JSON.stringify({ id, name }));
  location.assign(page.dataset.list);
}

/** After the list has been loaded without it: the way back. */
const deleted = JSON.parse(sessionStorage.getItem(UNDO_KEY) ?? "null");
if (deleted) {
  sessionStorage.removeItem(UNDO_KEY);
  const undo = () => attempt(() => call("POST", `${api}${deleted.id}/restore/`).then(reload));
  toast(`“${deleted.name}” is deleted.`, { label: "Undo", run: undo });
}

// --- Import ---

const file = document.querySelector("[data-file]");
document.querySelector("[data-import]")?.addEventListener("click", () => file.click());
file?.addEventListener("change", () => attempt(takeIn));

async function takeIn() {
  const [chosen] = file.files;
  if (!chosen) return;
  const content = await chosen.text().then(JSON.parse).catch(() => null);
  file.value = "";
  if (content === null || typeof content !== "object") {
    toast("This is no file of a dashboard: it is not JSON.");
    return;
  }
  const { dashboard, skipped } = await call("POST", `${api}import/`, content);
  if (!skipped.length) {
    open(dashboard);
    return;
  }
  tell(dashboard, skipped);
}

function tell(dashboard, skipped) {
  const place = document.querySelector("[data-skipped]");
  const words = document.createElement("p");
  const link = document.createElement("a");
  link.href = `${page.dataset.list}${dashboard.id}/`;
  link.textContent = dashboard.name;
  words.append(link, ` was taken in with ${dashboard.widgets.length} widgets, without ${skipped.length} that could not be:`);
  const list = document.createElement("ul");
  for (const { index, reasons } of skipped) {
    const row = document.createElement("li");
    const sentences = Object.entries(reasons).map(([path, texts]) => `${path ? `${path}: ` : ""}${texts.join(" ")}`);
    row.textContent = `Widget ${index + 1}: ${sentences.join(" ")}`;
    list.append(row);
  }
  place.replaceChildren(words, list);
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
}
