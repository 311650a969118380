/**
 * Menus close when somebody has chosen, turns to something else, or presses Escape; without scripts a second click
 * closes them.
 */
const OPEN = "details.menu[open]";

export function watchMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(OPEN)) {
      const chosen = menu.contains(event.target) && event.target.closest("a");
      if (menu.contains(event.target) && !chosen) continue;
      menu.open = false;
      if (chosen) menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll(OPEN)) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
