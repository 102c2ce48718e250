// Fits a map into its card, down to a scale at which it can be read, and zooms.
const least = 0.65;

export function zoomMaps(root) {
  for (const card of root.querySelectorAll(".map-card")) {
    const graph = card.querySelector(".graph");
    const svg = graph.querySelector("svg");
    const { width, height } = svg.viewBox.baseVal;
    let scale = 1;
    const set = (to) => {
      scale = Math.min(Math.max(to, 0.2), 3);
      svg.setAttribute("width", width * scale);
      svg.setAttribute("height", height * scale);
    };
    const fit = () => {
      const room = getComputedStyle(graph);
      const inside = graph.clientWidth - parseFloat(room.paddingLeft) - parseFloat(room.paddingRight);
      const high = parseFloat(room.maxHeight) - parseFloat(room.paddingTop) - parseFloat(room.paddingBottom);
      set(Math.max(Math.min(1, inside / width, high / height), least));
    };
    const zoom = card.querySelector(".zoom");
    zoom.hidden = false;
    zoom.addEventListener("click", (event) => {
      const way = event.target.dataset.zoom;
      if (way === "fit") fit();
      else if (way) set(scale * (way === "in" ? 1.25 : 0.8));
    });
    fit();
  }
}
