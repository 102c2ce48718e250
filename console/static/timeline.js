// Folding, keyboard and the ruler's cursor of a timeline.
//
// j, k and the up and down arrows move between rows; left folds or goes to the
// parent, right unfolds; Enter opens the detail.

const level = (row) => Number(row.getAttribute("aria-level"));

function units(nanoseconds) {
  const ms = nanoseconds / 1e6;
  if (ms >= 60000) return `${Math.floor(ms / 60000)} m ${((ms % 60000) / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms >= 10000 ? 2 : 3)} s`;
  return `${ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2)} ms`;
}

// show hides the rows below a folded one and shows the others.
function show(rows) {
  let folded = Infinity;
  for (const row of rows) {
    const l = level(row);
    if (l <= folded) folded = Infinity;
    row.hidden = l > folded;
    if (folded === Infinity && row.getAttribute("aria-expanded") === "false") folded = l;
  }
}

function fold(timeline) {
  const rows = [...timeline.querySelectorAll(".rows .row")];
  const toggle = (row, open) => {
    if (!row.hasAttribute("aria-expanded")) return;
    row.setAttribute("aria-expanded", String(open ?? row.getAttribute("aria-expanded") === "false"));
  };
  for (const button of timeline.querySelectorAll(".fold, .fold-all")) button.hidden = false;
  timeline.addEventListener("click", (event) => {
    const button = event.target.closest(".fold");
    const all = event.target.closest("[data-fold]");
    if (button) {
      toggle(button.closest(".row"));
      show(rows);
    } else if (all) {
      for (const row of rows) if (all.dataset.fold === "none" || row.classList.contains("segment")) toggle(row, all.dataset.fold === "none");
      show(rows);
    }
  });
  return { rows, toggle };
}

function keyboard(timeline, { rows, toggle }) {
  const link = (row) => row.querySelector(".cell-name a");
  const go = (row) => { if (row) { link(row).focus(); row.scrollIntoView({ block: "nearest" }); } };
  const step = (from, by) => {
    let i = rows.indexOf(from) + by;
    while (rows[i]?.hidden) i += by;
    return rows[i];
  };
  timeline.addEventListener("keydown", (event) => {
    const row = event.target.closest(".rows .row");
    if (!row || event.metaKey || event.ctrlKey || event.altKey) return;
    const open = row.getAttribute("aria-expanded");
    switch (event.key) {
      case "j": case "ArrowDown": go(step(row, 1)); break;
      case "k": case "ArrowUp": go(step(row, -1)); break;
      case "Home": go(rows[0]); break;
      case "End": go(rows.findLast((r) => !r.hidden)); break;
      case "ArrowRight": if (open === "false") { toggle(row, true); show(rows); } else if (open) go(step(row, 1)); break;
      case "ArrowLeft":
        if (open === "true") { toggle(row, false); show(rows); }
        else go(rows.slice(0, rows.indexOf(row)).findLast((r) => level(r) < level(row)));
        break;
      default: return;
    }
    event.preventDefault();
  });
}

function ruler(timeline) {
  const axis = timeline.querySelector(".axis svg");
  const span = Number(timeline.dataset.span);
  const cursor = document.createElement("div");
  cursor.className = "cursor";
  cursor.hidden = true;
  timeline.append(cursor);
  timeline.addEventListener("pointermove", (event) => {
    const a = axis.getBoundingClientRect();
    const share = (event.clientX - a.left) / a.width;
    cursor.hidden = share < 0 || share > 1;
    if (cursor.hidden) return;
    // Styles set from script are the page's own: the policy forbids inline ones only.
    cursor.style.left = `${event.clientX - timeline.getBoundingClientRect().left}px`;
    cursor.dataset.at = units(share * span);
    cursor.classList.toggle("left", share > 0.8);
  });
  timeline.addEventListener("pointerleave", () => { cursor.hidden = true; });
}

export function timelines(root) {
  for (const timeline of root.querySelectorAll(".timeline")) {
    keyboard(timeline, fold(timeline));
    ruler(timeline);
  }
}
