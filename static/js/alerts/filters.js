// Filters of a list: a choice is searched for at once, and what is not chosen does not get into the address.

const form = document.querySelector("form.filters");

form?.addEventListener("change", (event) => event.target.matches("select") && form.requestSubmit());
form?.addEventListener("submit", () => {
  for (const control of form.elements) if (control.name && !control.value) control.disabled = true;
});
window.addEventListener("pageshow", () => {
  for (const control of form?.elements ?? []) control.disabled = control.type === "hidden" && !control.value;
});
