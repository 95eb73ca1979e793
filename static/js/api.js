// The browsable API: sends what is written in the form and shows the answer in place of the one before.

const form = document.querySelector("[data-send]");
const shown = document.querySelector("[data-answer]");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const method = event.submitter.value;
  if (method === "DELETE" && !confirm(`Remove what is at ${form.dataset.send}?`)) return;
  try {
    await show(await send(method));
  } catch (error) {
    shown.textContent = `The portal did not answer: ${error.message}`;
  }
  shown.scrollIntoView({ block: "nearest" });
  shown.focus();
});

function send(method) {
  return fetch(form.dataset.send, {
    method,
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
    },
    body: method === "DELETE" ? undefined : form.elements.body.value,
  });
}

async function show(answer) {
  const status = document.createElement("b");
  status.textContent = `HTTP ${answer.status} ${answer.statusText}`;
  const text = await answer.text();
  shown.replaceChildren(status, `\n\n${text && JSON.stringify(JSON.parse(text), null, 2)}`);
}
