// Links and forms with data-swap="id" exchange the content of that element in
// place: the server is asked for the same address with X-Fragment and answers
// only the part. The address bar follows, so that every state can be sent on.
const plain = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

// turns counts the exchanges of each element: an answer that comes after a later
// one was asked for is dropped.
const turns = new WeakMap();
const take = (target) => {
  turns.set(target, (turns.get(target) ?? 0) + 1);
  return turns.get(target);
};

async function load(target, url, options = {}) {
  const turn = take(target);
  const answer = await fetch(url, { ...options, headers: { ...options.headers, "X-Fragment": target.id } });
  const text = await answer.text();
  if (turns.get(target) !== turn) return;
  if (!options.method && !answer.ok) location.assign(url); // the page says what is wrong
  else target.innerHTML = text;
}

function empty(target) {
  take(target);
  target.replaceChildren();
}

// refresh takes one element of the page anew.
async function refresh(id) {
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
  if (answer.ok && fresh) document.getElementById(id).replaceWith(fresh);
}

// mark shows which row or node the open panel is about.
function mark(url) {
  const id = new URL(url, location.href).searchParams.get("segment");
  for (const row of document.querySelectorAll(".row.selected")) {
    row.classList.remove("selected");
    row.removeAttribute("aria-selected");
  }
  if (id) {
    const row = document.querySelector(`.row[data-id="${CSS.escape(id)}"]`);
    row?.classList.add("selected");
    row?.setAttribute("aria-selected", "true");
  }
  const here = new URL(url, location.href);
  for (const node of document.querySelectorAll("a.node")) {
    const there = new URL(node.href.baseVal ?? node.href, location.href);
    const same = ["node", "type"].every((k) => there.searchParams.get(k) === here.searchParams.get(k));
    node.classList.toggle("selected", here.searchParams.has("node") && same);
  }
}

export function swapPanels(root) {
  root.addEventListener("click", (event) => {
    if (!plain(event)) return;
    const close = event.target.closest("a[data-close]");
    if (close) {
      event.preventDefault();
      empty(document.getElementById(close.dataset.close));
      history.pushState(null, "", close.href);
      mark(close.href);
      return;
    }
    let link = event.target.closest("a[data-swap]");
    if (!link && !event.target.closest("button, a")) {
      link = event.target.closest(".rows .row")?.querySelector("a[data-swap]");
    }
    const target = link && document.getElementById(link.dataset.swap);
    if (!target) return;
    event.preventDefault();
    const url = new URL(link.href.baseVal ?? link.href, location.href);
    const tab = new URLSearchParams(location.search).get("tab");
    if (tab && link.closest(".rows")) url.searchParams.set("tab", tab); // the same tab of the next row
    history.pushState(null, "", url);
    mark(url);
    load(target, url);
  });
  addEventListener("popstate", () => {
    const target = document.getElementById("panel");
    if (!target) return;
    const now = new URL(location.href);
    mark(now);
    if (now.searchParams.has("segment") || now.searchParams.has("node")) load(target, now);
    else empty(target);
  });
  root.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-swap]");
    const target = form && document.getElementById(form.dataset.swap);
    if (!target) return;
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    const begin = performance.now();
    const busy = document.createElement("p");
    busy.className = "busy";
    target.replaceChildren(busy);
    const tell = () => { busy.textContent = `◌ ${form.dataset.busy}, ${((performance.now() - begin) / 1000).toFixed(1)} s`; };
    tell();
    const timer = setInterval(tell, 100);
    try {
      await load(target, form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (form.dataset.refresh) await refresh(form.dataset.refresh);
    } catch (err) {
      busy.textContent = `✕ The server did not answer: ${err.message}`;
    } finally {
      clearInterval(timer);
      button.disabled = false;
    }
  });
}
