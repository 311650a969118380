/** What the element says with so many seconds left, in the page's language. */
const say = (element, seconds) => {
  element.textContent = seconds > 0 ? element.dataset.seconds.replace("{seconds}", seconds) : element.dataset.over;
};

/** Counts down to the instants named in data-until, and the seconds of data-left, which trust no clock of this machine. */
export function watchCountdown() {
  const ends = new WeakMap();
  const tick = () => {
    for (const element of document.querySelectorAll("[data-until]")) {
      say(element, Math.round((Date.parse(element.dataset.until) - Date.now()) / 1000));
    }
    for (const element of document.querySelectorAll("[data-left]")) {
      if (!ends.has(element)) ends.set(element, performance.now() + Number(element.dataset.left) * 1000);
      say(element, Math.floor((ends.get(element) - performance.now()) / 1000));
    }
  };
  tick();
  document.body.addEventListener("htmx:afterSwap", tick);
  setInterval(tick, 500);
}
