/** Counts down to the instants named in data-until, and the seconds of data-left, which trust no clock of this machine. */
export function watchCountdown() {
  const ends = new WeakMap();
  const tick = () => {
    for (const element of document.querySelectorAll("[data-until]")) {
      const seconds = Math.round((Date.parse(element.dataset.until) - Date.now()) / 1000);
      element.textContent = seconds > 0 ? `${seconds} s` : "a moment";
    }
    for (const element of document.querySelectorAll("[data-left]")) {
      if (!ends.has(element)) ends.set(element, performance.now() + Number(element.dataset.left) * 1000);
      const seconds = Math.floor((ends.get(element) - performance.now()) / 1000);
      element.textContent = seconds > 0 ? `${seconds} s` : "a moment";
    }
  };
  tick();
  setInterval(tick, 500);
}
