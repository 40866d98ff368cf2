// What every page does by itself: it looks again when the registry says that something changed, copies what is to be
// copied, and knows a few keys. Without scripts all pages can be read, and all forms work.

const LATER = 10_000; // ms between looks while the stream is down

const dialogOpen = () => document.querySelector("dialog[open]") !== null;

/** Asks for this page again and puts what changed into it: focus, ticked boxes, what is open (`morphIgnore` in
    base.html.j2) and scrolling stay as they are. */
let looking = false;
let again = false;
export async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  try {
    await htmx.ajax("GET", location.pathname + location.search, { target: "#main", select: "#main", swap: "outerMorph" });
  } finally {
    looking = false;
    if (again) {
      again = false;
      look();
    }
  }
}

function follow(topics) {
  const seen = document.body.dataset.seen;
  const query = topics.map((topic) => `on=${encodeURIComponent(topic)}`).join("&");
  let stream = null;
  let timer = null;
  let missed = topics.some((topic) => /^(state|runs):/.test(topic));
  const say = (up) => document.querySelectorAll(".live").forEach((mark) => mark.classList.toggle("down", !up));
  const close = () => {
    stream?.close();
    stream = null;
  };
  const open = () => {
    stream = new EventSource(`/-/live?seen=${seen}&${query}`);
    stream.addEventListener("hello", () => {
      clearInterval(timer);
      timer = null;
      say(true);
      if (missed) look();
      missed = false;
    });
    stream.addEventListener("news", look);
    stream.addEventListener("error", () => {
      missed = true;
      say(false);
      timer ??= setInterval(look, LATER);
      if (stream?.readyState === EventSource.CLOSED) {
        close();
        setTimeout(() => document.hidden || stream || open(), 3000);
      }
    });
  };
  // A page that nobody sees holds no connection: browsers have few for one host.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      missed = true;
    } else if (!stream) open();
  });
  addEventListener("pagehide", close);
  if (!document.hidden) open();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    await navigator.clipboard?.writeText(button.dataset.copy);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  }
  const opener = event.target.closest("[data-open]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.open)?.showModal();
  }
  if (event.target.closest("[data-close]")) {
    event.preventDefault();
    event.target.closest("dialog")?.close();
  }
});

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-all]");
  const form = event.target.form;
  if (!form) return;
  const boxes = [...form.elements].filter((one) => one.type === "checkbox" && one.name === "chosen");
  if (all) boxes.forEach((box) => (box.checked = all.checked));
  const count = boxes.filter((box) => box.checked).length;
  form.querySelectorAll("[data-count]").forEach((place) => (place.textContent = count || ""));
  form.querySelectorAll("[data-needs-choice]").forEach((button) => (button.disabled = count === 0));
  if (event.target.matches("[data-submit]")) form.requestSubmit();
});

/** The keys: / to search, f to filter, j and k to move in a list, x to tick, Enter to open, c to copy, ? for help. */
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) {
    if (!(event.target.matches("tr input[type=checkbox]") && "jkxc".includes(event.key))) return;
  }
  const rows = [...document.querySelectorAll("table.list tbody tr")].filter((row) => row.querySelector("a.name"));
  const row = document.activeElement?.closest("table.list tbody tr");
  const at = rows.indexOf(row);
  const go = (to) => rows[Math.max(0, Math.min(rows.length - 1, to))]?.querySelector("a.name").focus();
  const actions = {
    "/": () => document.querySelector("#find")?.focus(),
    f: () => document.querySelector("#filter")?.focus(),
    j: () => go(at + 1),
    k: () => go(at < 0 ? 0 : at - 1),
    x: () => row?.querySelector("input[type=checkbox]")?.click(),
    c: () => row?.querySelector("[data-copy]")?.click() ?? document.querySelector("[data-copy]")?.click(),
    "?": () => document.getElementById("keys")?.showModal(),
  };
  if (actions[event.key] && !event.repeat) {
    event.preventDefault();
    actions[event.key]();
  }
});

// On a narrow screen the tabs are wider than it: the one that is open is in its middle, not beyond its edge.
const tab = document.querySelector(".tabs [aria-current]");
if (tab) {
  const bar = tab.closest(".tabs");
  const [inside, outside] = [tab.getBoundingClientRect(), bar.getBoundingClientRect()];
  bar.scrollLeft += inside.left + inside.width / 2 - outside.left - outside.width / 2;
}

const topics = (document.body.dataset.topics ?? "").split(" ").filter(Boolean);
if (topics.length) follow(topics);
