// The editor of a rule: its levels as fields in place of JSON, and what it will do in a sentence while it is written.

import { readConditions, rowAt, showConditions } from "./condition.js";
import { durationOf, showDuration } from "./duration.js";

const SEVERITIES = ["critical", "high", "medium", "low"];
const ASK_AFTER = 250;
const form = document.querySelector("[data-editor]");
const json = form.elements.levels;
const place = form.querySelector("[data-levels]");
const find = (name) => form.querySelector(`[data-${name}]`);
const part = (root, name) => root.querySelector(`[data-part="${name}"]`);
const levels = () => [...place.children];
const metricsOfTypes = JSON.parse(document.getElementById("metrics-of-types").textContent);

const isNew = json.value === "[]";

let isTouched = !isNew; // nobody is told of mistakes in what they have not come to yet
let asking = null;
let timer = null;

begin();

function begin() {
  let said;
  try {
    said = JSON.parse(json.value || "[]");
  } catch {
    return preview(); // it can be mended as it is
  }
  if (!Array.isArray(said) || said.some((level) => typeof level !== "object" || level === null)) return preview();
  find("as-json").hidden = true;
  find("add-level").hidden = false;
  for (const level of said.length ? said : [{ severity: "high", when: {} }]) addLevel(level);
  find("add-level").addEventListener("click", () => {
    const taken = levels().map((level) => part(level, "severity").value);
    addLevel({ severity: SEVERITIES.find((severity) => !taken.includes(severity)), when: {} });
    levels().at(-1).querySelector("select").focus();
    write();
  });
  place.addEventListener("input", () => {
    isTouched = true;
    write();
  });
  write();
}

form.addEventListener("input", soon);
form.addEventListener("change", suggestMetrics);
form.elements.device.addEventListener("input", suggestDevices);
for (const button of form.querySelectorAll("[data-name]")) {
  button.addEventListener("click", () => {
    const { message } = form.elements;
    message.setRangeText(`{${button.dataset.name}}`, message.selectionStart, message.selectionEnd, "end");
    message.focus();
    soon();
  });
}
suggestMetrics();

// --- Levels ---

function addLevel(said) {
  const level = document.getElementById("level-template").content.firstElementChild.cloneNode(true);
  part(level, "severity").value = SEVERITIES.includes(said.severity) ? said.severity : "high";
  showConditions(part(level, "when"), said.when);
  showDuration(part(level, "for"), "For how long", said.for);
  part(level, "readings").value = said.readings ?? 1;
  const clears = part(level, "clears");
  clears.checked = Boolean(said.clear);
  showClear(level, said.clear);
  clears.addEventListener("change", () => showClear(level, null));
  showDuration(part(level, "clear_for"), "For how long it must be over", said.clear_for);
  level.querySelector("[data-remove]").addEventListener("click", () => {
    level.remove();
    write();
    find("add-level").focus();
  });
  place.append(level);
}

function showClear(level, said) {
  const clear = part(level, "clear");
  clear.hidden = !part(level, "clears").checked;
  if (clear.hidden) clear.replaceChildren();
  else showConditions(clear, said);
}

function readLevel(level) {
  const readings = Number(part(level, "readings").value || 1);
  const lasts = durationOf(part(level, "for"));
  const clearFor = durationOf(part(level, "clear_for"));
  return {
    severity: part(level, "severity").value,
    when: readConditions(part(level, "when")),
    ...(part(level, "clears").checked && { clear: readConditions(part(level, "clear")) }),
    ...(lasts && { for: lasts }),
    ...(readings !== 1 && { readings }),
    ...(clearFor && { clear_for: clearFor }),
  };
}

function write() {
  json.value = JSON.stringify(levels().map(readLevel));
  find("add-level").disabled = levels().length >= SEVERITIES.length;
  for (const level of levels()) level.dataset.severity = part(level, "severity").value;
  soon();
}

// --- What it will do ---

function soon() {
  clearTimeout(timer);
  timer = setTimeout(preview, ASK_AFTER);
}

async function preview() {
  asking?.abort();
  asking = new AbortController();
  const answer = await fetch(form.dataset.preview, {
    method: "POST",
    body: new FormData(form),
    headers: { Accept: "application/json" },
    signal: asking.signal,
  }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  show(await answer.json());
}

function show({ sentence, errors, devices, message }) {
  if (sentence) find("sentence").textContent = sentence;
  find("sentence").toggleAttribute("data-old", !sentence);
  find("count").textContent = devices === null ? "" : `${devices} device${devices === 1 ? "" : "s"} now`;
  find("message").textContent = message;
  find("says").hidden = !message;
  for (const field of form.querySelectorAll("[data-field]")) showProblem(field, errors[field.dataset.field]?.[0]);
  showLevelProblem(errors.levels?.[0]);
}

/** Not of what nobody has come to yet: a name that is not written is no mistake before the rule is saved. */
function showProblem(field, problem) {
  const input = field.querySelector("input, select, textarea");
  const said = field.querySelector("[data-problem]");
  const isEarly = problem?.code === "required" && said.hidden;
  said.textContent = problem && !isEarly ? problem.message : "";
  said.hidden = !said.textContent;
  input.setAttribute("aria-invalid", String(!said.hidden));
}

function showLevelProblem(problem) {
  for (const said of place.querySelectorAll("[data-problem]")) said.hidden = true;
  if (!problem || !isTouched) return;
  const [number, side, ...path] = (problem.code ?? "").split("/").slice(1);
  const level = levels()[Number(number)] ?? levels()[0];
  if (!level) return;
  const row = side === "when" || side === "clear" ? rowAt(part(level, side), path) : level;
  const said = [...row.querySelectorAll("[data-problem]")].at(-1);
  said.textContent = problem.message;
  said.hidden = false;
}

// --- Suggestions ---

function suggestMetrics() {
  const chosen = form.elements.device_type.value;
  const known = chosen ? (metricsOfTypes[chosen] ?? []) : Object.values(metricsOfTypes).flat();
  const byKey = new Map(known.map((metric) => [metric.key, metric]));
  document.querySelector("[data-metrics]").replaceChildren(
    ...Array.from(byKey.values(), ({ key, label, unit }) => new Option(unit ? `${label}, ${unit}` : label, key)),
  );
}

async function suggestDevices() {
  const search = form.elements.device.value.trim();
  if (search.length < 2) return;
  const query = new URLSearchParams({ search, page_size: 20 });
  const answer = await fetch(`${form.dataset.devices}?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return;
  const { results } = await answer.json();
  find("devices-found").replaceChildren(...results.map(({ device_id, name }) => new Option(name, device_id)));
}
