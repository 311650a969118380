/** Lets the browser keep the last agenda, to be read while this page cannot be reached. Nothing is ever sent from it. */
export function keepForOffline() {
  const keeper = document.body.dataset.keeper;
  if (!keeper || !("serviceWorker" in navigator)) return;
  addEventListener("load", async () => {
    try {
      await navigator.serviceWorker.register(keeper, { scope: "/" });
      const { active } = await navigator.serviceWorker.ready;
      active.postMessage({ keep: document.body.dataset.stamps ?? "" });
    } catch {
      // a browser that keeps nothing shows its own page when it is offline
    }
  });
}
