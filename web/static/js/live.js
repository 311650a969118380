/** Keeps an open page true: asks what has changed, and lets the stale fragments fetch themselves again. While nobody
 * answers, or whoever sits here was logged out, the page says so and stays: somebody may be typing. */
const EVERY_MS = 1200;
const WHEN_DOWN_MS = 5000;
const PATIENCE_MS = 8000;
const SAID_AFTER = 2; // questions in a row without an answer

export function watchLive() {
  const address = document.body.dataset.live;
  if (!address) return;
  let seen = JSON.parse(document.body.dataset.stamps);
  let unanswered = 0;

  async function look() {
    if (!document.hidden) await ask();
    setTimeout(look, unanswered ? WHEN_DOWN_MS : EVERY_MS);
  }

  async function ask() {
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) });
      if (answer.status === 401) return lost("logged-out", SAID_AFTER);
      if (!answer.ok) return lost("page-away", unanswered + 1);
      const stamps = await answer.json();
      if (unanswered) found();
      compare(stamps);
    } catch {
      lost("page-away", unanswered + 1);
    }
  }

  function lost(why, times) {
    unanswered = times;
    if (unanswered >= SAID_AFTER) say(why);
  }

  function found() {
    unanswered = 0;
    say("");
    seen = {}; // what was to be fetched meanwhile was not
  }

  function say(why) {
    document.body.classList.toggle("out-of-touch", Boolean(why));
    for (const id of ["page-away", "logged-out"]) document.getElementById(id).hidden = id !== why;
  }

  function compare(stamps) {
    for (const [name, stamp] of Object.entries(stamps)) {
      if (seen[name] !== stamp) document.body.dispatchEvent(new CustomEvent(`stale-${name}`));
    }
    seen = stamps;
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const name of Object.keys(seen)) document.body.dispatchEvent(new CustomEvent(`stale-${name}`));
  });
  look();
}
