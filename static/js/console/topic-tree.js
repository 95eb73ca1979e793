// Topics as a tree: how many messages came under each, and a click shows those alone.

const MOST_TOPICS = 1_000;
const OPEN_AT_FIRST = 3; // levels

export class TopicTree {
  #root;
  #note;
  #choose;
  #nodes = new Map();
  #chosen = "";

  /** `choose(topic)` is called when a topic is picked, with "" when it is let go. */
  constructor(root, note, choose) {
    this.#root = root;
    this.#note = note;
    this.#choose = choose;
  }

  add(topic) {
    const levels = topic.split("/");
    for (let depth = 1; depth <= levels.length; depth += 1) {
      const node = this.#node(levels, depth);
      if (!node) return;
      node.count += 1;
      node.counter.textContent = node.count;
    }
  }

  clear() {
    this.#nodes.clear();
    this.#root.replaceChildren();
    this.#note.hidden = true;
    this.pick("");
  }

  pick(topic) {
    this.#nodes.get(this.#chosen)?.button.removeAttribute("aria-current");
    this.#chosen = topic;
    this.#nodes.get(topic)?.button.setAttribute("aria-current", "true");
    this.#choose(topic);
  }

  #node(levels, depth) {
    const topic = levels.slice(0, depth).join("/");
    const known = this.#nodes.get(topic);
    if (known) return known;
    if (this.#nodes.size >= MOST_TOPICS) {
      this.#note.hidden = false;
      return null;
    }
    const parent = depth > 1 ? this.#nodes.get(levels.slice(0, depth - 1).join("/")) : null;
    const node = this.#make(topic, levels[depth - 1]);
    this.#nodes.set(topic, node);
    this.#place(node, parent ? this.#branchOf(parent, depth - 1) : this.#root, levels[depth - 1]);
    return node;
  }

  #make(topic, level) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const counter = document.createElement("span");
    const name = document.createElement("span");
    const row = document.createElement("div");
    row.className = "tree__row";
    button.className = "tree__topic";
    button.type = "button";
    name.className = "tree__name";
    name.textContent = level === "" ? "(empty)" : level;
    counter.className = "tree__count";
    button.append(name, " ", counter);
    button.addEventListener("click", () => this.pick(this.#chosen === topic ? "" : topic));
    row.append(button);
    item.append(row);
    item.dataset.level = level;
    return { item, row, button, counter, count: 0, branch: null };
  }

  #branchOf(node, depth) {
    if (node.branch) return node.branch;
    const branch = document.createElement("ul");
    const fold = document.createElement("button");
    fold.className = "tree__fold";
    fold.type = "button";
    fold.setAttribute("aria-label", `Topics below ${node.item.dataset.level || "(empty)"}`);
    const show = (isOpen) => {
      fold.setAttribute("aria-expanded", String(isOpen));
      branch.hidden = !isOpen;
    };
    fold.addEventListener("click", () => show(branch.hidden));
    show(depth < OPEN_AT_FIRST);
    node.row.prepend(fold);
    node.item.append(branch);
    node.branch = branch;
    return branch;
  }

  #place(node, list, level) {
    const next = Array.from(list.children).find((item) => item.dataset.level.localeCompare(level) > 0);
    list.insertBefore(node.item, next ?? null);
  }
}
