/** Keeps an open page true: asks what has changed, and lets the stale fragments fetch themselves again. */
const EVERY_MS = 1200;
const WHEN_DOWN_MS = 5000;

export function watchLive() {
  const address = document.body.dataset.live;
  if (!address) return;
  let seen = JSON.parse(document.body.dataset.stamps);
  let stopped = false;

  async function look() {
    let wait = EVERY_MS;
    try {
      if (!document.hidden) {
        const answer = await fetch(address, { headers: { Accept: "application/json" } });
        if (answer.status === 401) {
          stopped = true;
          return;
        }
        if (answer.ok) compare(await answer.json());
        else wait = WHEN_DOWN_MS;
      }
    } catch {
      wait = WHEN_DOWN_MS;
    } finally {
      if (!stopped) setTimeout(look, wait);
    }
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
