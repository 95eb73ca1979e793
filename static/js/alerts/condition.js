// One condition of a rule as a row of words, and several of them as a group: from JSON to fields and back.

import { durationOf, showDuration } from "./duration.js";

const DEEPEST = 2; // groups within groups: the portal reads three levels of conditions
const copy = (name) => document.getElementById(name).content.firstElementChild.cloneNode(true);
const part = (root, name) => root.querySelector(`[data-part="${name}"]`);
const isGroup = (said) => Boolean(said && (said.all || said.any));

/** What the fields of `place` say. */
export function readConditions(place) {
  return readGroup(place.querySelector(":scope > .group"));
}

/** Fields for `said` in `place`: always a group, so that a second condition is one click away. */
export function showConditions(place, said) {
  place.replaceChildren(makeGroup(isGroup(said) ? said : { all: [said ?? {}] }, 1));
}

/** The row that a path of the JSON, such as ["all", "1"], leads to. */
export function rowAt(place, path) {
  let found = place.querySelector(":scope > .group");
  for (const number of path.filter((step) => /^\d+$/.test(step))) {
    found = rowsOf(found)[Number(number)] ?? found;
  }
  return found.matches(".condition") ? found : (rowsOf(found)[0] ?? found);
}

const rowsOf = (group) => [...(group.querySelector(":scope > [data-rows]")?.children ?? [])];

function makeGroup(said, depth) {
  const group = copy("group-template");
  const rows = group.querySelector("[data-rows]");
  const join = said.any ? "any" : "all";
  part(group, "join").value = join;
  for (const each of said[join]) rows.append(makeRow(each, depth));
  group.querySelector("[data-add]").addEventListener("click", () => add(group, makeRow({}, depth)));
  const addGroup = group.querySelector("[data-add-group]");
  addGroup.hidden = depth > DEEPEST - 1;
  addGroup.addEventListener("click", () => add(group, makeRow({ any: [{}] }, depth)));
  if (depth > 1) {
    const remove = copy("condition-template").querySelector("[data-remove]");
    remove.setAttribute("aria-label", "Remove this group");
    remove.addEventListener("click", () => drop(group));
    group.querySelector(".group__head").append(remove);
  }
  showJoin(group);
  return group;
}

function add(group, row) {
  group.querySelector("[data-rows]").append(row);
  showJoin(group);
  row.querySelector("select, input").focus();
  changed(group);
}

function drop(row) {
  const group = row.parentElement.closest(".group");
  row.remove();
  showJoin(group);
  group.querySelector("[data-add]").focus();
  changed(group);
}

/** Of one condition there is nothing to be joined, and it cannot be removed. */
function showJoin(group) {
  const rows = rowsOf(group);
  group.querySelector(".group__head").hidden = rows.length < 2 && !group.parentElement?.closest(".group");
  part(group, "join").hidden = rows.length < 2;
  for (const row of rows) if (row.matches(".condition")) row.querySelector("[data-remove]").hidden = rows.length < 2;
}

const changed = (element) => element.dispatchEvent(new Event("input", { bubbles: true }));

function readGroup(group) {
  const said = rowsOf(group).map((row) => (row.matches(".group") ? readGroup(row) : readRow(row)));
  return said.length === 1 ? said[0] : { [part(group, "join").value]: said };
}

function makeRow(said, depth) {
  if (isGroup(said)) return makeGroup(said, depth + 1);
  const row = copy("condition-template");
  const set = (name, value) => {
    part(row, name).value = value ?? "";
  };
  set("what", whatOf(said));
  set("metric", said.metric);
  set("target", said.target);
  set("is", said.is ?? ">");
  set("against", said.than !== undefined ? "than" : said.than_desired !== undefined ? "than_desired" : "value");
  set("value", typeof said.value === "boolean" ? (said.value ? "yes" : "no") : said.value);
  set("low", said.low);
  set("high", said.high);
  set("other", said.than ?? said.than_desired);
  set("plus", said.plus);
  set("presence", said.presence ?? "offline");
  showDuration(part(row, "over"), "Window", said.over ?? 600);
  showDuration(part(row, "no_data_for"), "How long", said.no_data_for ?? 600);
  row.addEventListener("change", () => showWhatMatters(row));
  row.querySelector("[data-remove]").addEventListener("click", () => drop(row));
  showWhatMatters(row);
  return row;
}

function whatOf(said) {
  if (said.no_data_for !== undefined) return "no_data";
  if (said.presence !== undefined) return "presence";
  return said.agg ?? "last";
}

/** Only the fields that go with the choices made. */
function showWhatMatters(row) {
  const what = part(row, "what").value;
  const isCompared = what !== "no_data" && what !== "presence";
  const isRange = part(row, "is").value === "outside";
  const isAgainstValue = part(row, "against").value === "value";
  const matters = {
    hours_to: what === "hours_to",
    window: isCompared && what !== "last",
    compare: isCompared,
    against: isCompared && !isRange,
    value: isCompared && !isRange && isAgainstValue,
    range: isCompared && isRange,
    other: isCompared && !isRange && !isAgainstValue,
    silence: what === "no_data",
    presence: what === "presence",
  };
  for (const [name, is] of Object.entries(matters)) row.querySelector(`[data-for="${name}"]`).hidden = !is;
  const metric = part(row, "metric");
  metric.hidden = what === "presence";
  metric.placeholder = what === "no_data" ? "of any metric" : "metric";
}

function readRow(row) {
  const text = (name) => part(row, name).value.trim();
  const what = text("what");
  const metric = text("metric");
  if (what === "presence") return { presence: text("presence") };
  if (what === "no_data") return { no_data_for: durationOf(part(row, "no_data_for")), ...(metric && { metric }) };
  const window = what === "last" ? {} : { agg: what, over: durationOf(part(row, "over")) };
  if (what === "hours_to") window.target = numberOf(text("target"));
  const compared = { metric, ...window, is: text("is") };
  if (compared.is === "outside") return { ...compared, low: numberOf(text("low")), high: numberOf(text("high")) };
  const against = text("against");
  if (against === "value") return { ...compared, value: valueOf(text("value")) };
  return { ...compared, [against]: text("other"), ...(text("plus") && { plus: numberOf(text("plus")) }) };
}

/** What is no number stays as it is written, for the portal to say what is wrong with it. */
function numberOf(text) {
  const number = Number(text.replace(",", "."));
  return text === "" ? null : Number.isNaN(number) ? text : number;
}

function valueOf(text) {
  if (/^(yes|true)$/i.test(text)) return true;
  if (/^(no|false)$/i.test(text)) return false;
  return numberOf(text);
}
