// Chart.js is fetched when the first chart is wanted, not before.

let loading = null;

/** `urls` in the order in which they need each other; resolves to the Chart class. */
export function loadChart(urls) {
  loading ??= urls.reduce((before, url) => before.then(() => run(url)), Promise.resolve()).then(() => window.Chart);
  loading.catch(() => {
    loading = null;
  });
  return loading;
}

export function run(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => reject(new Error("A part of this page could not be loaded. Reload it.")));
    document.head.append(script);
  });
}
