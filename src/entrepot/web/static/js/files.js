// The keys of the file browser, and looking again while layers are being read. Every row is a link: without this script
// they are followed as links are.

const rows = (list) => [...list.querySelectorAll("a[data-kind]")];

document.addEventListener("keydown", (event) => {
  const list = event.target.closest?.("[data-files]");
  const row = event.target.closest?.("a[data-kind]");
  if (!list || !row || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = rows(list);
  const at = all.indexOf(row);
  const actions = {
    ArrowDown: () => all[at + 1]?.focus(),
    ArrowUp: () => all[at - 1]?.focus(),
    Home: () => all[0].focus(),
    End: () => all.at(-1).focus(),
    ArrowRight: () => row.click(),
    ArrowLeft: () => all.filter((one) => one.dataset.kind === "up" && !one.matches(".here")).at(-1)?.click(),
  };
  if (actions[event.key]) {
    event.preventDefault();
    actions[event.key]();
  }
});

/** Follows a link of the panes without losing the place: only what differs is put into the page. */
document.addEventListener("click", async (event) => {
  const link = event.target.closest(".files a[href]:not([download])");
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (!link || !plain || link.matches(".btn.icon") || new URL(link.href).pathname !== location.pathname) return;
  event.preventDefault();
  const place = link.dataset.kind === "folder" || link.dataset.kind === "up" ? "folder" : "same";
  history.pushState(null, "", link.href);
  await look();
  if (place === "folder") (document.querySelector("[data-files] .inside a") ?? document.querySelector("[data-files] a"))?.focus();
  else document.querySelector("[data-files] a[aria-current]")?.focus({ preventScroll: true });
});
addEventListener("popstate", () => document.querySelector(".files") && look());

async function look() {
  await htmx.ajax("GET", location.pathname + location.search, { target: "#main", select: "#main", swap: "outerMorph" });
}

// While a layer is being read the page has a mark; it looks again until that is gone.
setInterval(() => {
  if (document.querySelector("[data-again]") && !document.hidden) look();
}, 1000);
