// The palette: Ctrl-K, Cmd-K, / or on narrow pages a button opens it; what is typed is looked for at once; arrows choose, Enter opens.

const WAIT = 120; // ms without a key before it asks
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = dialog?.querySelector("[role=listbox]");
let chosen = -1;
let asked = 0;
let timer = null;

const options = () => [...list.children];

function choose(index) {
  const all = options();
  chosen = all.length ? (index + all.length) % all.length : -1;
  all.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
  if (chosen >= 0) {
    input.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}

function show(found) {
  list.replaceChildren(
    ...found.map(({ label, detail, href }, at) => {
      const option = document.createElement("li");
      option.id = `palette-${at}`;
      option.setAttribute("role", "option");
      option.dataset.href = href;
      const name = document.createElement("span");
      name.textContent = label;
      const kind = document.createElement("small");
      kind.textContent = detail;
      option.append(name, kind);
      return option;
    }),
  );
  choose(0);
}

async function ask() {
  const mine = ++asked;
  try {
    const answer = await fetch(`/-/palette?q=${encodeURIComponent(input.value)}`, { headers: { "HX-Request": "true" } });
    if (answer.ok && mine === asked) show(await answer.json());
  } catch {
    // Without an answer the list stays; Enter still searches.
  }
}

function open() {
  if (document.querySelector("dialog[open]")) return;
  dialog.showModal();
  input.select();
  ask();
}

function go() {
  const option = options()[chosen];
  location.href = option ? option.dataset.href : `/-/search?q=${encodeURIComponent(input.value)}`;
}

if (dialog) {
  document.addEventListener(
    "keydown",
    (event) => {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      const called = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k";
      if (!called && (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey)) return;
      event.preventDefault();
      event.stopPropagation();
      open();
    },
    true,
  );
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette]")) return;
    event.preventDefault();
    open();
  });
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, Home: 0, End: options().length - 1 };
    if (event.isComposing) return;
    if (event.key in moves && !((event.key === "Home" || event.key === "End") && input.value)) {
      event.preventDefault();
      choose(moves[event.key]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      go();
    }
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.href = option.dataset.href;
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
