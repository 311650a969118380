/** What every page does when scripts run; each module finds its own elements and does nothing without them. */
import { watchAttachment } from "./attach.js";
import { watchCompose } from "./compose.js";
import { watchCombobox } from "./combobox.js";
import { watchCountdown } from "./countdown.js";
import { watchKeys } from "./keys.js";
import { watchLive } from "./live.js";
import { watchMenus } from "./menus.js";
import { watchNotices } from "./notices.js";
import { keepForOffline } from "./offline.js";
import { keepOpened } from "./opened.js";
import { watchRepeat } from "./repeat.js";
import { watchThread } from "./thread.js";

for (const element of document.querySelectorAll(".needs-js")) element.hidden = false;
document.body.addEventListener("htmx:afterSwap", () => {
  for (const element of document.querySelectorAll(".needs-js")) element.hidden = false;
});
document.getElementById("problem")?.focus();
watchAttachment();
watchCombobox();
watchCompose();
watchCountdown();
watchLive();
watchNotices();
watchRepeat();
watchThread();
watchKeys();
keepForOffline();
keepOpened();
watchMenus();
