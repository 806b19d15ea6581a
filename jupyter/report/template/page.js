// A button for the code of all cells; without this script each cell still opens on its own.
const button = document.getElementById("all-code");
const cells = document.querySelectorAll("details.code");
if (button && cells.length) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const show = button.getAttribute("aria-pressed") !== "true";
    cells.forEach((cell) => { cell.open = show; });
    button.setAttribute("aria-pressed", show);
    button.textContent = show ? "Hide all code" : "Show all code";
  });
}

// A box that scrolls sideways can be focused from the keyboard.
const reach = () => document.querySelectorAll(".wide, .output, .formula, pre").forEach((box) => {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
});
reach();
addEventListener("resize", reach);
document.addEventListener("toggle", reach, true);
