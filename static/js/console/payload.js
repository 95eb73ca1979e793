// What a message says, made readable. Only text nodes are made of it: whatever it holds, it stays text.

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/g;
const MOST_TOKENS = 5_000;

/** The payload on one line, for a list. */
export function summary(message) {
  if (message.size === 0) return "(empty)";
  return message.encoding === "base64" ? hex(message.payload) : message.payload;
}

/** The payload as it came: text, or bytes in hexadecimal. */
export function raw(message) {
  return message.encoding === "base64" ? hex(message.payload) : message.payload;
}

/** The payload as indented JSON in a document fragment; null where it is none. Numbers stay as they were written. */
export function pretty(message) {
  if (message.encoding !== "utf-8" || message.cut || !isJson(message.payload)) return null;
  const tokens = message.payload.match(TOKEN) ?? [];
  return tokens.length > MOST_TOKENS ? null : indented(tokens);
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function indented(tokens) {
  const fragment = document.createDocumentFragment();
  let depth = 0;
  const newLine = () => fragment.append(`\n${"  ".repeat(depth)}`);
  tokens.forEach((token, position) => {
    const isEmpty = (token === "{" || token === "[") && /^[}\]]$/.test(tokens[position + 1]);
    if (token === "}" || token === "]") {
      depth -= 1;
      if (!/^[{[]$/.test(tokens[position - 1])) newLine();
      fragment.append(token);
    } else if (token === "{" || token === "[") {
      fragment.append(token);
      depth += 1;
      if (!isEmpty) newLine();
    } else if (token === ",") {
      fragment.append(token);
      newLine();
    } else if (token === ":") {
      fragment.append(": ");
    } else {
      fragment.append(coloured(token, tokens[position + 1] === ":"));
    }
  });
  return fragment;
}

function coloured(token, isKey) {
  const element = document.createElement("span");
  element.className = `json-${isKey ? "key" : token.startsWith('"') ? "text" : /^[tfn]/.test(token) ? "word" : "number"}`;
  element.textContent = token;
  return element;
}

function hex(base64) {
  return Array.from(atob(base64), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
}
