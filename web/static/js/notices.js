/** Notices leave after ten seconds, unless somebody is on them; what they undo can also be undone on the message. */
const STAYS_MS = 10_000;

export function watchNotices() {
  for (const notice of document.querySelectorAll("[data-passing]")) setTimeout(() => leave(notice), STAYS_MS);
}

/** One that is in the page from the beginning, for when it is needed. */
export function show(notice, wanted = true) {
  notice.hidden = !wanted;
  notice.classList.toggle("notice", wanted);
}

function leave(notice) {
  if (notice.matches(":hover, :focus-within")) {
    setTimeout(() => leave(notice), STAYS_MS);
    return;
  }
  notice.classList.add("leaving");
  setTimeout(() => notice.remove(), 400);
}
