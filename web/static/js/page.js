/** What every page does when scripts run; each module finds its own elements and does nothing without them. */
import { watchAttachment } from "./attach.js";
import { watchCompose } from "./compose.js";
import { watchCombobox } from "./combobox.js";
import { watchCopies } from "./copy.js";
import { watchCountdown } from "./countdown.js";
import { watchKeys } from "./keys.js";
import { watchLive } from "./live.js";
import { watchMenus } from "./menus.js";
import { watchNotices } from "./notices.js";
import { watchFolds } from "./folds.js";
import { keepForOffline } from "./offline.js";
import { keepOpened } from "./opened.js";
import { watchRepeat } from "./repeat.js";
import { watchThread } from "./thread.js";
import { keepTyped } from "./typed.js";

for (const element of document.querySelectorAll(".needs-js")) element.hidden = false;
document.body.addEventListener("htmx:afterSwap", () => {
  for (const element of document.querySelectorAll(".needs-js")) element.hidden = false;
});
document.getElementById("problem")?.focus();
showChosen();
keepTyped(); // first: the others look at what is typed
watchAttachment();
watchCombobox();
watchCompose();
watchCopies();
watchCountdown();
watchFolds();
watchLive();
watchNotices();
watchRepeat();
watchThread();
watchKeys();
keepForOffline();
keepOpened();
watchMenus();
document.addEventListener("DOMContentLoaded", heedTyped); // after htmx, which listens since before

/** What was typed into a search before scripts had come is looked for all the same. */
function heedTyped() {
  for (const field of document.querySelectorAll("[role=search] input[type=search]")) {
    if (field.value !== field.defaultValue) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** On a phone the filters are a strip that is wider than the screen: the chosen one is moved into sight. */
function showChosen() {
  const chosen = document.querySelector(".filters [aria-current]");
  const strip = chosen?.parentElement;
  if (strip && strip.scrollWidth > strip.clientWidth) {
    strip.scrollLeft += chosen.getBoundingClientRect().left - strip.getBoundingClientRect().left - strip.clientWidth / 3;
  }
}
