// The values of a chart, under the pointer and by the arrow keys: read from the areas of the picture that the server
// drew, and told in a line below it. Without this script the chart and its table are the same.
"use strict";
{
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

  /** Return the areas of the picture that is shown, fetched once for each of its sizes and themes. */
  const areasOf = async (chart) => {
    const address = chart.querySelector("img").currentSrc;
    if (chart.address !== address) {
      chart.address = address;
      chart.areas = fetch(address)
        .then((answer) => answer.text())
        .then((text) => {
          const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
          const group = svg.querySelector(".values");
          const [, left, top] = /translate\(([\d.-]+),([\d.-]+)\)/.exec(group.getAttribute("transform"));
          const [wide, high] = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
          return [...group.querySelectorAll("rect")].map((rect) => {
            const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
            const [from, above] = [(x + Number(left)) / wide, (y + Number(top)) / high];
            return { x: from, y: above, width: width / wide, height: height / high, text: rect.textContent };
          });
        })
        .catch(() => []);
    }
    return chart.areas;
  };

  /** Mark an area and say what it stands for; none takes the mark away. */
  const show = (chart, areas, k) => {
    chart.chosen = k;
    const area = areas[k];
    chart.mark.hidden = !area;
    if (!area) return;
    for (const [side, name] of [["left", "x"], ["top", "y"], ["width", "width"], ["height", "height"]]) {
      chart.mark.style[side] = `${100 * area[name]}%`;
    }
    if (chart.line.textContent !== area.text) chart.line.textContent = area.text;
  };

  const point = async (chart, event) => {
    const areas = await areasOf(chart);
    const box = chart.querySelector("img").getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const inside = (a) => x >= a.x && x < a.x + a.width && y >= a.y && y < a.y + a.height;
    show(chart, areas, areas.findIndex(inside));
  };

  const press = async (chart, event) => {
    const { key } = event;
    if (!(key in STEPS) && !["Home", "End", "Escape"].includes(key)) return;
    event.preventDefault();
    const areas = await areasOf(chart);
    const now = chart.chosen ?? -1;
    const next = key === "Home" ? 0 : key === "End" ? areas.length - 1 : now < 0 ? 0 : now + STEPS[key];
    show(chart, areas, key === "Escape" ? -1 : Math.max(0, Math.min(areas.length - 1, next)));
  };

  const begin = (chart) => {
    chart.line = chart.parentElement.querySelector("[data-value]");
    chart.mark = chart.appendChild(document.createElement("span"));
    chart.mark.className = "mark";
    chart.mark.hidden = true;
    chart.tabIndex = 0;
    chart.setAttribute("role", "application");
    chart.setAttribute("aria-label", chart.dataset.label);
    chart.addEventListener("pointermove", (event) => point(chart, event));
    chart.addEventListener("pointerdown", (event) => point(chart, event));
    chart.addEventListener("pointerleave", () => show(chart, [], -1));
    chart.addEventListener("keydown", (event) => press(chart, event));
    chart.addEventListener("blur", () => show(chart, [], -1));
  };

  const start = (root) => root.querySelectorAll("[data-values]").forEach(begin);
  start(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.target !== document.body) start(event.target);
  });
}
