// Snapping to ruled lines: an edge that was drawn on or near a line goes just inside of it.

const DARKER = 48; // than the paper, of 255, counts as printed
const LINE_SHARE = 0.85; // of an edge that must be printed to be a line: letters leave gaps

/**
 * `box` with each edge moved off the ruled line that is within `reach`, if one is.
 * @param {HTMLCanvasElement} canvas the page's picture
 * @param {number[]} size of the page that `box` refers to, and `reach`, in pixels
 */
export function snap(canvas, size, box, reach) {
  const [scaleX, scaleY] = [canvas.width / size[0], canvas.height / size[1]];
  const margin = 3 * reach;
  const left = Math.max(0, Math.floor((box[0] - margin) * scaleX));
  const top = Math.max(0, Math.floor((box[1] - margin) * scaleY));
  const width = Math.min(canvas.width, Math.ceil((box[2] + margin) * scaleX)) - left;
  const height = Math.min(canvas.height, Math.ceil((box[3] + margin) * scaleY)) - top;
  if (width < 2 || height < 2) return box;
  const ink = printed(canvas.getContext("2d").getImageData(left, top, width, height));
  const near = [box[0] * scaleX - left, box[1] * scaleY - top, box[2] * scaleX - left, box[3] * scaleY - top];
  const [x1, y1, x2, y2] = near.map(Math.round);

  // Across first: where a cell's upright lines end is known once its other lines are.
  const across = (y) => shareOf((x) => ink(x, y) || ink(x, y - 1) || ink(x, y + 1), x1, x2, 0);
  const newTop = edge(y1, 1, reach * scaleY, height, across);
  const newBottom = edge(y2, -1, reach * scaleY, height, across);
  const reachOut = Math.max(4, 0.25 * (newBottom - newTop)); // beyond the box: a 1 in it doesn't
  const upright = (x) =>
    shareOf((y) => ink(x, y) || ink(x - 1, y) || ink(x + 1, y), newTop, newBottom, reachOut);
  const newLeft = edge(x1, 1, reach * scaleX, width, upright);
  const newRight = edge(x2, -1, reach * scaleX, width, upright);

  const snapped = [
    newLeft === x1 ? box[0] : Math.ceil((newLeft + left) / scaleX),
    newTop === y1 ? box[1] : Math.ceil((newTop + top) / scaleY),
    newRight === x2 ? box[2] : Math.floor((newRight + left) / scaleX),
    newBottom === y2 ? box[3] : Math.floor((newBottom + top) / scaleY),
  ];
  const hasRoom = snapped[2] - snapped[0] > 3 && snapped[3] - snapped[1] > 3;
  return hasRoom ? snapped : box;
}

/** Where an edge at `at` goes; `inward` is 1 or -1. */
function edge(at, inward, reach, end, share) {
  let nearest = null;
  for (let position = Math.ceil(at - reach); position <= at + reach; position++) {
    if (position < 1 || position >= end - 1 || share(position) < LINE_SHARE) continue;
    if (nearest === null || Math.abs(position - at) < Math.abs(nearest - at)) nearest = position;
  }
  if (nearest === null) return at;
  let beside = nearest;
  while (beside > 0 && beside < end && share(beside) >= LINE_SHARE) beside += inward;
  // The right and lower side of a box is the first pixel that isn't in it.
  return inward > 0 ? beside : beside + 1;
}

/** How much is printed between two positions and a little beyond either: the better of the two. */
function shareOf(isPrinted, from, to, beyond) {
  const count = (first, last) => {
    let found = 0;
    for (let at = first; at < last; at++) found += isPrinted(at);
    return found / Math.max(1, last - first);
  };
  if (!beyond) return count(from, to);
  return Math.max(count(Math.round(from - beyond), to), count(from, Math.round(to + beyond)));
}

/** Whether something is printed at a place of the picture. */
function printed({ data, width, height }) {
  const gray = new Uint8Array(width * height);
  const counts = new Uint32Array(256);
  for (let i = 0; i < gray.length; i++) {
    gray[i] = (data[4 * i] * 299 + data[4 * i + 1] * 587 + data[4 * i + 2] * 114) / 1000;
    counts[gray[i]] += 1;
  }
  let paper = 255;
  // Most of a form is paper; its median is safe where a box is all in a shaded cell, too.
  for (let seen = 0; paper > 0 && seen + counts[paper] < gray.length / 2; paper--) seen += counts[paper];
  return (x, y) => x >= 0 && y >= 0 && x < width && y < height && gray[y * width + x] < paper - DARKER;
}
