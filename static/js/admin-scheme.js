// The admin follows the system's colour scheme, as the operator pages do. The theme's own shortcut (Ctrl+E) would
// bring it out of step with the tokens. A classic script: it has to be there before the theme's.

window.addEventListener(
  "keydown",
  (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "e") event.stopImmediatePropagation();
  },
  true,
);
