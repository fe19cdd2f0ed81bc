// Everything works without this file; it only saves clicks.

const form = document.querySelector("#actions");

if (form) {
  const boxes = () => [...form.querySelectorAll('input[name="selected"]')];
  const select = form.querySelector(".select-page");
  const everything = form.querySelector('input[name="scope"]');

  // Selects or clears the page without loading it again.
  select?.addEventListener("click", (event) => {
    event.preventDefault();
    const checked = boxes().some((box) => !box.checked);
    boxes().forEach((box) => { box.checked = checked; });
  });

  // "All in this filter" and single rows exclude each other.
  form.addEventListener("change", (event) => {
    if (event.target === everything && everything.checked) boxes().forEach((box) => { box.checked = false; });
    if (event.target.name === "selected" && everything) everything.checked = false;
  });
}

// A filter that is chosen with the pointer applies at once; with the keyboard, each arrow would load the page.
let pointed = false;
document.addEventListener("pointerdown", () => { pointed = true; });
document.addEventListener("keydown", () => { pointed = false; });
document.addEventListener("change", (event) => {
  if (pointed && event.target.matches("form.filter select")) event.target.form.requestSubmit();
});

// "/" and Alt+Q lead to Tell Me: the first from anywhere but a field.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  const asked = (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) || (event.altKey && event.code === "KeyQ");
  const search = document.querySelector(".tellme input");
  if (asked && search) { event.preventDefault(); search.focus(); search.select(); }
});

// A menu closes when its reader goes elsewhere, and gives the focus back on Escape.
const menus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("focusin", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
});
