// The filter box completes what is typed: a combobox with a list below, by
// keyboard (arrows, Enter or Tab to take, Escape to leave) and by mouse. What may
// follow is asked of the server, which knows the language and the stored values.
const pause = 80; // milliseconds of no typing before the server is asked

export function completeFilters(root) {
  for (const input of root.querySelectorAll("input[data-complete]")) complete(input);
}

function complete(input) {
  const list = document.createElement("ul");
  list.id = `${input.id}-list`;
  list.className = "completions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "What may follow");
  list.hidden = true;
  const status = document.createElement("span");
  status.className = "hidden";
  status.setAttribute("role", "status");
  input.after(list, status);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id, "aria-haspopup": "listbox",
  })) input.setAttribute(name, value);

  let timer, turn = 0, keep = "", rest = "", active = -1;
  const options = () => [...list.children];

  function close() {
    clearTimeout(timer);
    turn++; // an answer on its way is too late
    list.hidden = true;
    list.replaceChildren();
    choose(-1);
    input.setAttribute("aria-expanded", "false");
    status.textContent = "";
  }

  function choose(i) {
    options()[active]?.setAttribute("aria-selected", "false");
    active = i;
    const option = options()[i];
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  async function ask() {
    const mine = ++turn;
    const at = input.selectionStart, text = input.value;
    const query = new URLSearchParams(location.search);
    for (const name of ["filter", "token"]) query.delete(name);
    query.set("text", text.slice(0, at));
    let answer;
    try {
      answer = await fetch(`${input.dataset.complete}?${query}`);
      if (!answer.ok) throw new Error(answer.statusText);
      answer = await answer.json();
    } catch {
      if (mine === turn) close();
      return;
    }
    if (mine !== turn || document.activeElement !== input) return;
    keep = answer.keep;
    rest = text.slice(at);
    show(answer.candidates);
  }

  function show(candidates) {
    list.replaceChildren(...candidates.map(({ text, doc }, i) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${i}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      const code = document.createElement("code");
      code.textContent = text;
      option.append(code);
      if (doc) {
        const small = document.createElement("small");
        small.textContent = doc;
        option.append(" ", small);
      }
      option.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
      option.addEventListener("click", () => take(i));
      return option;
    }));
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = candidates.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    status.textContent = candidates.length ? `${candidates.length} to choose from` : "";
  }

  function take(i) {
    const text = options()[i].querySelector("code").textContent;
    const open = /[.(:]$/.test(text) || /[(,:]\s*$/.test(keep); // something stands right behind it
    const before = keep + text + (open || rest.startsWith(" ") ? "" : " ");
    input.value = before + rest;
    input.setSelectionRange(before.length, before.length);
    close();
    ask();
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, pause);
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const n = options().length;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
        event.preventDefault();
        if (list.hidden) ask();
        else choose(event.key === "ArrowDown" ? (active + 1) % n : (active <= 0 ? n : active) - 1);
        break;
      case "Enter":
      case "Tab":
        if (active < 0 || event.shiftKey) break; // the form is sent, the focus goes on
        event.preventDefault();
        take(active);
        break;
      case "Escape":
        if (list.hidden) break;
        event.preventDefault();
        close();
        break;
    }
  });
}
