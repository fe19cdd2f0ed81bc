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

for (const choice of document.querySelectorAll("form.filter select")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}

// "/" leads to Tell Me from anywhere but a field.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
  const search = document.querySelector(".tellme input");
  if (search) { event.preventDefault(); search.focus(); }
});
