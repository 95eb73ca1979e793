// Swagger UI knows dark and light, but not which one the reader asks for.

const light = matchMedia("(prefers-color-scheme: light)");
const follow = () => document.documentElement.classList.toggle("dark-mode", !light.matches);
light.addEventListener("change", follow);
follow();
