// A log that grows is followed at its end, unless the reader has gone up to read.

const NEAR = 24; // px

function follow(log) {
  let atEnd = true;
  log.scrollTop = log.scrollHeight;
  log.addEventListener("scroll", () => (atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR));
  new MutationObserver(() => atEnd && (log.scrollTop = log.scrollHeight)).observe(log, { childList: true });
}

const followed = new WeakSet();
function find() {
  const log = document.querySelector("[data-follow]");
  if (log && !followed.has(log)) {
    followed.add(log);
    follow(log);
  }
}

find();
new MutationObserver(find).observe(document.querySelector("main"), { childList: true, subtree: true });
