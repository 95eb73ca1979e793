// Where widgets are on the grid: pure. Boxes are {id, x, y, w, h}; nothing overlaps, and everything falls upwards.

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
const inOrder = (a, b) => a.y - b.y || a.x - b.x;
const isFree = (box, placed) => !placed.some((other) => overlap(box, other));

/** All boxes as they lie when the one with the ID `first` is where it says; the others make room. */
export function settled(boxes, first = null) {
  const pushed = [];
  const leader = boxes.filter((box) => box.id === first);
  for (const box of [...leader, ...boxes.filter((box) => box.id !== first).sort(inOrder)]) {
    let { y } = box;
    while (!isFree({ ...box, y }, pushed)) y += 1;
    pushed.push({ ...box, y });
  }
  const placed = [];
  for (const box of pushed.sort(inOrder)) {
    let { y } = box;
    while (y > 0 && isFree({ ...box, y: y - 1 }, placed)) y -= 1;
    placed.push({ ...box, y });
  }
  return placed;
}

/** The first place for a box of that size, looked for row by row. */
export function freePlace(boxes, { w, h }, columns) {
  for (let y = 0; ; y += 1) {
    for (let x = 0; x + w <= columns; x += 1) if (isFree({ x, y, w, h }, boxes)) return { x, y };
  }
}

/** `box` with changes, kept on the grid and no smaller than `least`. */
export function within(box, { columns, tallest }, [leastWide, leastHigh]) {
  const w = Math.min(columns, Math.max(leastWide, box.w));
  return {
    ...box,
    w,
    h: Math.min(tallest, Math.max(leastHigh, box.h)),
    x: Math.min(columns - w, Math.max(0, box.x)),
    y: Math.max(0, box.y),
  };
}
