// Tabs with components that live only while they are looked at.

/**
 * A component has, each of them optional: init(panel) before it is first shown, activate() when it is shown,
 * deactivate() when it is hidden, destroy() when the page goes. Links without a script become tabs (ARIA tabs pattern).
 */
export class TabManager {
  #list;
  #tabs;
  #components = new Map();
  #ready = new Set();
  #active = null;

  constructor(list) {
    this.#list = list;
    this.#tabs = [...list.querySelectorAll("[data-tab]")];
  }

  register(name, component) {
    this.#components.set(name, component);
    return this;
  }

  start() {
    // The address says which, unless it names none. A page that was kept may be that of another tab.
    const first = this.#tabOfAddress() ?? this.#tabs.find((tab) => tab.hasAttribute("aria-current")) ?? this.#tabs[0];
    this.#list.setAttribute("role", "tablist");
    for (const tab of this.#tabs) {
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", this.#panel(tab).id);
      tab.removeAttribute("aria-current");
      this.#panel(tab).setAttribute("role", "tabpanel");
      tab.addEventListener("click", (event) => this.#clicked(event, tab));
    }
    this.#list.addEventListener("keydown", (event) => this.#pressed(event));
    window.addEventListener("popstate", () => {
      this.show((this.#tabOfAddress() ?? first).dataset.tab);
    });
    window.addEventListener("pagehide", (event) => event.persisted || this.destroy());
    this.show(first.dataset.tab);
  }

  show(name) {
    if (name === this.#active) return;
    const leaving = this.#active;
    this.#active = name;
    for (const tab of this.#tabs) {
      const chosen = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      this.#panel(tab).hidden = !chosen;
    }
    if (leaving) this.#components.get(leaving)?.deactivate?.();
    const component = this.#components.get(name);
    if (!this.#ready.has(name)) {
      this.#ready.add(name);
      component?.init?.(document.getElementById(`panel-${name}`));
    }
    component?.activate?.();
  }

  destroy() {
    this.#components.get(this.#active)?.deactivate?.();
    for (const name of this.#ready) this.#components.get(name)?.destroy?.();
    this.#ready.clear();
    this.#active = null;
  }

  #tabOfAddress() {
    return this.#tabs.find((tab) => tab.pathname === location.pathname);
  }

  #panel(tab) {
    return document.getElementById(`panel-${tab.dataset.tab}`);
  }

  #clicked(event, tab) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return; // opens elsewhere, as any link
    event.preventDefault();
    if (tab.pathname !== location.pathname) history.pushState(null, "", tab.href);
    this.show(tab.dataset.tab);
  }

  #pressed(event) {
    const position = this.#tabs.indexOf(event.target);
    const count = this.#tabs.length;
    const next = {
      ArrowLeft: (position - 1 + count) % count,
      ArrowRight: (position + 1) % count,
      Home: 0,
      End: count - 1,
      " ": position,
    }[event.key];
    if (position < 0 || next === undefined) return;
    event.preventDefault();
    this.#tabs[next].focus();
    this.#tabs[next].click();
  }
}
