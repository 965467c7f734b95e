// Letters as large as the place allows: what accompanies gives way first, then the headline. Nothing is ever cut without a word.

/** Of the headline's size, of what stands beneath it, and in how many columns that stands. */
const STEPS = [[1, 1, 1], [1, 0.85, 1], [1, 0.72, 1], [1, 0.72, 2], [1, 0.6, 1], [1, 0.6, 2], [0.86, 0.6, 2], [0.74, 0.55, 2], [0.62, 0.5, 2], [0.5, 0.45, 2],
  [0.4, 0.4, 2], [0.34, 0.34, 3]];

/** True when all of it is to be seen. */
export function fit(box) {
  for (const [head, text, columns] of STEPS) {
    box.style.setProperty("--head", head);
    box.style.setProperty("--text", text);
    box.style.setProperty("--columns", columns);
    if (box.scrollHeight <= box.clientHeight + 1 && box.scrollWidth <= box.clientWidth + 1) return true;
  }
  return false;
}

/** One line as wide as its place: smaller letters down to half, then a second line. */
export function fitLine(line) {
  line.style.setProperty("--line", 1);
  line.classList.remove("wraps");
  const share = line.clientWidth / line.scrollWidth;
  if (share >= 1) return;
  line.style.setProperty("--line", Math.max(0.5, share - 0.01));
  line.classList.toggle("wraps", share < 0.5);
}
