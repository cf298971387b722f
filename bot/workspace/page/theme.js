// Light, dark, or as the system says; the choice is kept in this browser.

const KEPT = "footnote-theme";
const CHOICES = ["auto", "light", "dark"];
const LABELS = { auto: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" };

function apply(choice) {
  if (choice === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

const kept = () => (CHOICES.includes(localStorage.getItem(KEPT)) ? localStorage.getItem(KEPT) : "auto");

apply(kept());

export function startTheme(button) {
  const name = () => {
    button.title = LABELS[kept()];
    button.setAttribute("aria-label", LABELS[kept()]);
  };
  button.addEventListener("click", () => {
    localStorage.setItem(KEPT, CHOICES[(CHOICES.indexOf(kept()) + 1) % CHOICES.length]);
    apply(kept());
    name();
  });
  name();
}
