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

// The contents mark the section that is read: the last whose heading is in the upper part of the window.
const contents = document.querySelector(".contents");
const links = contents ? [...contents.querySelectorAll("a")] : [];
const sections = links.map((link) => document.getElementById(link.getAttribute("href").slice(1)));
const mark = () => {
  const passed = sections.findLastIndex((section) => section.getBoundingClientRect().top < innerHeight / 4);
  const link = links[Math.max(passed, 0)];
  if (link.ariaCurrent === "location") return;
  links.forEach((other) => { other.ariaCurrent = other === link ? "location" : null; });
  contents.scrollTop = link.offsetTop - contents.clientHeight / 2;
};
if (links.length) {
  mark();
  addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
}

// A click on a heading sorts a table of five rows or more, if its rows do not belong together.
const value = (cell) => {
  const text = cell.textContent.trim().replace(/\u2212/g, "-").replace(/(\d)\s(?=\d{3})/g, "$1").replace(/^> /, "");
  return /^[+-]?\d/.test(text) ? parseFloat(text) : text;
};
const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
const sort = (body, head, column) => {
  const order = head.ariaSort === "ascending" ? "descending" : "ascending";
  [...head.parentElement.cells].forEach((other) => { other.ariaSort = other === head ? order : null; });
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...body.rows].sort((a, b) => sign * compare(value(a.cells[column]), value(b.cells[column])));
  body.append(...rows);
};
document.querySelectorAll("main table").forEach((table) => {
  const [body, another] = table.tBodies;
  const alone = table.tHead?.rows.length === 1 && body && !another && !table.querySelector("[colspan], [rowspan]");
  if (!alone || body.rows.length < 5 || [...body.rows].some((row) => !row.cells[0].textContent.trim())) return;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.textContent.trim()) return;
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = "sort";
    handle.title = "Sort by this column";
    handle.append(...head.childNodes);
    handle.addEventListener("click", () => sort(body, head, column));
    head.append(handle);
  });
});
