// The form of a report: what does not belong to the chosen kind, or range, is not shown.

const form = document.querySelector("[data-report-form]");

function arrange() {
  const kind = form.querySelector("[name=kind]:checked");
  for (const part of form.querySelectorAll("[data-sections]")) part.hidden = part.dataset.sections !== kind?.value;
  for (const part of form.querySelectorAll("[data-scope]")) part.hidden = kind?.dataset[part.dataset.scope] === "no";
  const isFixed = form.elements.range.value === "fixed";
  for (const part of form.querySelectorAll("[data-fixed]")) part.hidden = !isFixed;
  const format = form.querySelector("[name=format]:checked")?.value;
  for (const [name, of] of [["page_size", "pdf"], ["bom", "csv"]]) {
    form.elements[name].closest(".field").hidden = format !== of;
  }
}

form.addEventListener("change", arrange);
form.addEventListener("submit", (event) => {
  // One press is one report.
  if (form.dataset.isSent) event.preventDefault();
  form.dataset.isSent = "yes";
});
window.addEventListener("pageshow", () => {
  delete form.dataset.isSent;
  arrange();
});
arrange();
