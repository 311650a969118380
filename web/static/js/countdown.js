/** Counts down to the instants named in data-until. */
export function watchCountdown() {
  const tick = () => {
    for (const element of document.querySelectorAll("[data-until]")) {
      const seconds = Math.round((Date.parse(element.dataset.until) - Date.now()) / 1000);
      element.textContent = seconds > 0 ? `${seconds} s` : "a moment";
    }
  };
  tick();
  setInterval(tick, 1000);
}
