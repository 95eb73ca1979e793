/** An element; `properties` are set on it, those in `data` as data attributes; children are nodes or texts. */
export function make(tag, { data = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, data);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A copy of an icon that the page holds in a template. */
export function icon(name) {
  const kept = document.querySelector(`template[data-icon="${CSS.escape(name)}"]`);
  return kept ? kept.content.cloneNode(true) : document.createDocumentFragment();
}
