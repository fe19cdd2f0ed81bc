// Tell Me by keyboard: the arrow keys go through the answers, Escape goes back.

const box = document.querySelector(".tellme");

if (box) {
  const field = box.querySelector("input");
  const told = box.querySelector("#told");
  const answers = () => [...(told.childElementCount ? told : document).querySelectorAll(".answers a")];
  const close = () => { told.replaceChildren(); };

  document.addEventListener("keydown", (event) => {
    const links = answers();
    const at = links.indexOf(document.activeElement);
    const here = at >= 0 || event.target === field;
    if (!here || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && told.childElementCount) {
      event.preventDefault();
      close();
      field.focus();
    } else if (event.key === "ArrowDown" && links.length) {
      event.preventDefault();
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (links[at - 1] ?? field).focus();
    }
  });

  // Some browsers give a link that is clicked no focus; so only who goes somewhere else has left.
  box.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !box.contains(event.relatedTarget)) close();
  });
  box.addEventListener("htmx:beforeSwap", (event) => {
    if (!box.contains(document.activeElement)) event.detail.shouldSwap = false;
  });
  document.addEventListener("pointerdown", (event) => { if (!box.contains(event.target)) close(); });
}
