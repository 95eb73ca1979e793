// Several alerts at once: choose all, and how many are chosen. The list may be made anew while the page is open.

const page = document.getElementById("alerts");
const boxes = () => [...page.querySelectorAll("[name=alert]")];

function show() {
  const bar = page.querySelector("[data-bulk]");
  if (!bar) return;
  const chosen = boxes().filter((box) => box.checked).length;
  const all = page.querySelector("[data-all]");
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
  bar.toggleAttribute("data-idle", chosen === 0);
  bar.querySelector("[data-count]").textContent = chosen ? `${chosen} chosen` : "Choose alerts to change several at once";
  for (const control of bar.querySelectorAll("button, select")) control.disabled = chosen === 0;
}

page.addEventListener("change", ({ target }) => {
  if (target.matches("[data-all]")) for (const box of boxes()) box.checked = target.checked;
  show();
});
new MutationObserver(show).observe(page, { childList: true });
window.addEventListener("pageshow", show);
show();
