// What is asked before a change, such as a deletion with all that goes along, in a dialog instead of on a page of its
// own. Without this script the same page opens.

const dialog = () => document.getElementById("asking");

async function ask(url) {
  const answer = await fetch(url, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const sheet = page.getElementById("ask");
  if (!answer.ok || answer.redirected || !sheet) {
    location.assign(url);
    return;
  }
  sheet.removeAttribute("class");
  sheet.classList.add("stack");
  dialog().replaceChildren(document.adoptNode(sheet));
  dialog().showModal();
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.matches("[data-ask]") || !dialog()) return;
  event.preventDefault();
  const url = new URL(button.hasAttribute("formaction") ? button.formAction : event.target.action);
  url.search = new URLSearchParams(new FormData(event.target));
  ask(url);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-ask]");
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (link && plain && dialog()) {
    event.preventDefault();
    ask(link.href);
  }
  if (event.target.closest("dialog a[data-close]")) event.preventDefault();
});
