// The REST API, called by the portal's own pages with their session.

/** What the API says about a request that it does not do: `message` is for people. */
export class Problem extends Error {
  constructor(status, message, errors = {}) {
    super(message);
    this.status = status;
    this.errors = errors; // sentences by field
  }
}

const inWords = ({ detail, errors }) => {
  const sentences = Object.values(errors ?? {}).flat();
  return sentences.length ? sentences.join(" ") : detail;
};

export async function call(method, address, body = undefined, headers = {}) {
  if (method !== "GET" && "offline" in document.documentElement.dataset) {
    throw new Problem(0, "You are offline. Try again when the portal can be reached.");
  }
  let answer;
  try {
    answer = await fetch(address, {
      method,
      headers: {
        Accept: "application/json",
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...(method !== "GET" && { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, "The portal does not answer. Try again when it does.");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, inWords(content) ?? `The portal answered ${answer.status}.`, content.errors);
  return content;
}
