/** Ask in the dialog of `root` whether that is meant; true if it is. */
export function ask(root, question, consequence, yes, isDestructive) {
  const dialog = root.querySelector("[data-ask]");
  dialog.querySelector("[data-question]").textContent = question;
  dialog.querySelector("[data-consequence]").textContent = consequence;
  const button = dialog.querySelector("[data-yes]");
  button.textContent = yes;
  button.classList.toggle("button--danger", isDestructive);
  button.classList.toggle("button--primary", !isDestructive);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
