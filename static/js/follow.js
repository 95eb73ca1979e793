// Parts of a page follow what happens: the page is fetched again, and what has changed in them is put in.

/** Put in the new state of every `[data-follow]` that has changed, unless somebody is about to press a button there. */
export async function look() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-follow]")) {
    const now = fresh.getElementById(part.id);
    if (now && !part.querySelector("button:focus")) replace(part, now);
  }
}

function replace(part, now) {
  for (const open of part.querySelectorAll("li[id] details[open]")) {
    const same = now.querySelector(`#${CSS.escape(open.closest("li").id)} details`);
    if (same) same.open = true;
  }
  const before = part.cloneNode(true);
  for (const one of [before, now]) for (const input of one.querySelectorAll("[name=csrfmiddlewaretoken]")) input.remove();
  if (before.isEqualNode(now)) return;
  const token = document.querySelector("[name=csrfmiddlewaretoken]");
  for (const form of now.querySelectorAll("form[method=post]")) if (token) form.prepend(token.cloneNode());
  const focusAgain = focusIn(part);
  part.replaceChildren(...now.childNodes);
  focusAgain();
}

/** Gives the focus back to what had it in `part`. */
function focusIn(part) {
  const focused = part.querySelector(":focus");
  if (!focused) return () => {};
  const home = focused.closest("[id]").id;
  const places = () => [...document.getElementById(home).querySelectorAll("a, summary")];
  const place = places().indexOf(focused);
  return () => places()[place]?.focus({ preventScroll: true });
}
