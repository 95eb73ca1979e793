/** A short word at the bottom of the page; with an action it stays until it is used. */
export function toast(message, action = null) {
  const element = document.createElement("div");
  element.className = "toast";
  element.append(message);
  if (action) {
    const button = document.createElement("button");
    button.className = "button";
    button.type = "button";
    button.textContent = action.label;
    button.addEventListener("click", action.run);
    element.append(button);
  } else {
    setTimeout(() => element.remove(), 4000);
  }
  document.getElementById("toasts").replaceChildren(element);
}
