// The errors page works without this file. With it, buttons say to how many of the selected rows they apply, and the
// list can be gone through with the keys that error_keys.html names.

const list = document.querySelector("#actions");
const rows = () => [...list.querySelectorAll("tbody tr")];
const boxes = () => [...list.querySelectorAll('input[name="selected"]:not(:disabled)')];
const buttons = [...list.querySelectorAll("button[data-rule]")];
const use = list.querySelector('select[name="use"]');

// Synchronize with one side's data has a rule of its own.
const ruleOf = (button) => button.dataset.rule === "synchronize" && use?.value ? `use_${use.value}` : button.dataset.rule;

const applying = (button, chosen) => chosen.filter((box) => box.dataset.actions.split(" ").includes(ruleOf(button))).length;

function tell() {
  const chosen = boxes().filter((box) => box.checked);
  const status = list.querySelector(".chosen");
  if (!status) return; // the whole view is selected: the server has counted
  status.textContent = chosen.length ? status.dataset.text.replace("#", chosen.length) : "";
  for (const button of buttons) {
    const fits = applying(button, chosen);
    const count = button.querySelector(".count");
    count.hidden = !chosen.length || fits === chosen.length;
    count.textContent = `${fits} / ${chosen.length}`;
    button.disabled = !fits;
    button.title = count.hidden ? "" : `${fits} / ${chosen.length}: ${button.dataset.why}`;
  }
}

// What the button said is what was confirmed; the server asks again should it be more by then.
list.addEventListener("submit", (event) => {
  const chosen = boxes().filter((box) => box.checked);
  if (!list.querySelector(".chosen") || !event.submitter?.dataset.rule) return;
  const known = list.querySelector('input[name="confirmed"]') ?? list.appendChild(document.createElement("input"));
  Object.assign(known, { type: "hidden", name: "confirmed", value: applying(event.submitter, chosen) });
});
list.addEventListener("change", tell);
list.querySelector(".select-page")?.addEventListener("click", () => setTimeout(tell));
window.addEventListener("pageshow", tell); // the browser's Back brings selected rows along

let at = -1;

function go(step) {
  const found = rows();
  at = Math.min(Math.max(at + step, 0), found.length - 1);
  found.forEach((row, index) => row.classList.toggle("at", index === at));
  const target = found[at]?.querySelector(".title a") ?? found[at];
  target?.focus();
  found[at]?.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  x: () => rows()[at]?.querySelector('input[name="selected"]')?.click(),
  o: () => rows()[at]?.querySelector(".message a")?.click(),
  n: () => document.querySelector('.pages a[rel="next"]')?.click(),
  p: () => document.querySelector('.pages a[rel="prev"]')?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});
list.addEventListener("focusin", (event) => {
  const row = event.target.closest("tbody tr");
  if (row) at = rows().indexOf(row);
});
