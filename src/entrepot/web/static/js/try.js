// Sends the request that the form of an operation made, and shows what comes back. Without this script the address of
// the request is a link.

const MOST = 200_000; // characters shown
const TEXT = /^(text\/|application\/([\w.]+\+)?json)/;

/** Indented, with numbers as they were written where the browser can tell. */
function indented(text) {
  try {
    const exact = (_, value, told) =>
      typeof value === "number" && told?.source && JSON.rawJSON ? JSON.rawJSON(told.source) : value;
    return JSON.stringify(JSON.parse(text, exact), null, 2);
  } catch {
    return text;
  }
}

async function send(place) {
  const part = (name) => place.querySelector(`[data-${name}]`);
  const began = performance.now();
  try {
    const answer = await fetch(place.dataset.try, { headers: { accept: "application/json, */*" } });
    const readable = TEXT.test(answer.headers.get("content-type") ?? "");
    const text = readable ? indented(await answer.text()) : "";
    part("status").textContent = `${answer.status} ${answer.statusText} · ${Math.round(performance.now() - began)} ms`;
    part("status").classList.add(answer.ok ? "ok" : "bad");
    part("headers").replaceChildren(
      ...[...answer.headers].flatMap(([name, value]) => {
        const pair = [document.createElement("dt"), document.createElement("dd")];
        [pair[0].textContent, pair[1].textContent] = [name, value];
        return pair;
      }),
    );
    part("body").textContent = text.slice(0, MOST);
    part("status").hidden = part("headers").parentElement.hidden = false;
    part("body").hidden = !text;
    part("more").hidden = text.length <= MOST;
    part("other").hidden = readable || answer.headers.get("content-length") === "0";
  } catch {
    part("failed").hidden = false;
  }
}

document.querySelectorAll("[data-try]").forEach(send);
