// Parts of a page follow what happens: the page is fetched again, and what has changed in them is put in.

/** Put in the new state of every `[data-follow]`, unless somebody is just using it. */
export async function look() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-follow]")) {
    const now = fresh.getElementById(part.id);
    if (now && !part.contains(document.activeElement)) replace(part, now);
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
  part.replaceChildren(...now.childNodes);
}
