// The style guide: colours show themselves, and what moves can be tried.

import { toast } from "./toast.js";

for (const swatch of document.querySelectorAll("[data-token]")) swatch.style.background = `var(--${swatch.dataset.token})`;

document.querySelector("[data-try-toast]").addEventListener("click", () => toast("This is a toast.", { label: "Undo", run: () => toast("Undone.") }));
document.querySelector("[data-try-dialog]").addEventListener("click", () => document.querySelector("[data-dialog]").showModal());
