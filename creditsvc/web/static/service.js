// Starts the components that a page uses. Every page works without it.
import { createAll, Button, ErrorSummary } from "./vendor/govuk-frontend/govuk-frontend.min.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
createAll(ErrorSummary);
createAll(Button, { preventDoubleClick: true });

for (const control of document.querySelectorAll("[data-print]")) {
  control.hidden = false;
  control.addEventListener("click", () => window.print());
}

// a page about work under way follows it; without scripts its link does the same by hand
for (const link of document.querySelectorAll("[data-reload-seconds]")) {
  setTimeout(() => location.replace(link.href), 1000 * Number(link.dataset.reloadSeconds));
}
