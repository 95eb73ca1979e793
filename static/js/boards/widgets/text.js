// Text in a small subset of Markdown, made of elements and text nodes: nothing in it is ever read as HTML.

import { make } from "../dom.js";

const INLINE = /\*\*(.+?)\*\*|\*(.+?)\*|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)/;
const BULLET = /^[-*]\s+/;
const NUMBER = /^\d+[.)]\s+/;
const HEADING = /^(#{1,3})\s+/;

export function markdown(text) {
  return text
    .split(/\n{2,}/)
    .filter((block) => block.trim())
    .map(block);
}

function block(text) {
  const lines = text.trim().split("\n");
  if (lines.every((line) => BULLET.test(line))) return list("ul", lines, BULLET);
  if (lines.every((line) => NUMBER.test(line))) return list("ol", lines, NUMBER);
  const heading = HEADING.exec(lines[0]);
  if (heading && lines.length === 1) return make(`h${heading[1].length + 2}`, {}, ...inline(text.trim().replace(HEADING, "")));
  return make("p", {}, ...lines.flatMap((line, row) => [...(row ? [make("br")] : []), ...inline(line)]));
}

const list = (tag, lines, mark) =>
  make(tag, {}, ...lines.map((line) => make("li", {}, ...inline(line.replace(mark, "")))));

function inline(text) {
  const found = INLINE.exec(text);
  if (!found) return [text];
  const [whole, bold, italic, code, words, address] = found;
  const before = text.slice(0, found.index);
  const after = inline(text.slice(found.index + whole.length));
  return [before, piece(bold, italic, code, words, address, whole), ...after];
}

function piece(bold, italic, code, words, address, whole) {
  if (bold !== undefined) return make("strong", {}, ...inline(bold));
  if (italic !== undefined) return make("em", {}, ...inline(italic));
  if (code !== undefined) return make("code", { textContent: code });
  return isSafe(address) ? make("a", { href: address, textContent: words, rel: "noreferrer" }) : whole;
}

/** To pages of the portal, other sites and addresses of mail; never to scripts. */
function isSafe(address) {
  if (!URL.canParse(address, location.href)) return false;
  return ["http:", "https:", "mailto:"].includes(new URL(address, location.href).protocol);
}

export class Text {
  constructor({ body, settings }) {
    body.append(make("div", { className: "prose" }, ...markdown(settings.text)));
  }

  update() {}
}
