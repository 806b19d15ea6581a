// Images are arrays of 784 numbers from 0 (paper) to 255 (ink), row by row, as in MNIST's files.
const SIDE = 28, CENTRE = (SIDE - 1) / 2, INNER = 20;
const message = JSON.parse(document.getElementById("classifiers").textContent);
const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const at = (index) => [Math.floor(index / SIDE), index % SIDE];
const sum = (values, of = (value) => value) => values.reduce((all, value, index) => all + of(value, index), 0);

// Layers of weights, a row for each output.
const classifiers = message.classifiers.map(({ name, sees, layers }) => ({
  name, sees,
  layers: layers.map(({ step, weights, biases }) => {
    const data = new DataView(bytes(weights).buffer), inputs = data.byteLength / 2 / biases.length;
    const row = (output) => Float64Array.from({ length: inputs }, (_, input) => step * data.getInt16(2 * (output * inputs + input), true));
    return { biases, rows: biases.map((_, output) => row(output)) };
  }),
}));

// The representations, as crate/src/features/ computes them.

function moments(image) {
  const mass = sum(image);
  const mean = [0, 1].map((axis) => sum(image, (p, i) => p * at(i)[axis]) / mass);
  const central = (other) => sum(image, (p, i) => p * (at(i)[0] - mean[0]) * (at(i)[other] - mean[other]));
  return { mass, mean, skew: central(1) / central(0) };
}

// The grey value at a point between pixels: bilinear, and 0 outside.
function bilinear(image, row, column) {
  if (!(row >= 0 && row <= SIDE - 1 && column >= 0 && column <= SIDE - 1)) return 0;
  const r = Math.floor(row), c = Math.floor(column), right = column - c, down = row - r;
  const pixel = (y, x) => image[Math.min(y, SIDE - 1) * SIDE + Math.min(x, SIDE - 1)];
  const along = (y) => (1 - right) * pixel(y, c) + right * pixel(y, c + 1);
  return (1 - down) * along(r) + down * along(r + 1);
}

const resample = (image, from) => Array.from(image, (_, i) => bilinear(image, ...from(at(i)[0] - CENTRE, at(i)[1] - CENTRE)));

// Upright and centred; null for ink in fewer than two rows, which has no slant.
function deskew(image) {
  const rows = new Set([...image.keys()].filter((i) => image[i] > 0).map((i) => at(i)[0]));
  if (rows.size < 2) return null;
  const { mean, skew } = moments(image);
  return resample(image, (r, c) => [r + mean[0], c + skew * r + mean[1]]);
}

// Histograms of oriented gradients in cells of 4 x 4 pixels and blocks of 2 x 2 cells.
const CELL = 4, CELLS = SIDE / CELL, BINS = 9, BLOCKS = CELLS - 1;
function hog(image) {
  const histograms = new Float64Array(CELLS * CELLS * BINS);
  const difference = (i, place, stride) => (place === 0 || place === SIDE - 1 ? 0 : image[i + stride] - image[i - stride]);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [row, column] = at(i), down = difference(i, row, SIDE), right = difference(i, column, 1);
    const angle = (Math.atan2(down, right) * 180 / Math.PI) % 180, bin = Math.floor((angle < 0 ? angle + 180 : angle) / (180 / BINS));
    const cell = Math.floor(row / CELL) * CELLS + Math.floor(column / CELL);
    // An angle just below 0 is rounded to 180, which no bin has.
    if (bin < BINS) histograms[cell * BINS + bin] += Math.hypot(down, right) / (CELL * CELL);
  }
  const unit = (values) => {
    const length = Math.sqrt(sum(values, (value) => value * value) + 1e-10);
    return values.map((value) => value / length);
  };
  return blockCells.flatMap((cells) => {
    const values = cells.flatMap((cell) => [...histograms.subarray(cell * BINS, (cell + 1) * BINS)]);
    return unit(unit(values).map((value) => Math.min(value, 0.2)));
  });
}
// The four cells of each block.
const blockCells = Array.from({ length: BLOCKS * BLOCKS }, (_, block) => {
  const first = Math.floor(block / BLOCKS) * CELLS + (block % BLOCKS);
  return [first, first + 1, first + CELLS, first + CELLS + 1];
});

const represent = {
  "pixels": (image) => image,
  "deskewed pixels": deskew,
  "HOG": hog,
  "deskewed HOG": (image) => { const upright = deskew(image); return upright && hog(upright); },
};

// Scores of the classes, and what led to them; null where the image has no such representation.
function evaluate({ sees, layers }, image) {
  const x = represent[sees](Array.from(image, (pixel) => Math.fround(pixel / 255)));
  if (!x) return null;
  const apply = (input, { rows, biases }) => rows.map((row, output) => biases[output] + sum(row, (weight, i) => weight * input[i]));
  const hidden = layers.slice(0, -1).reduce((inputs, layer) => [...inputs, apply(inputs.at(-1), layer).map((value) => Math.max(value, 0))], [x]);
  return { x, hidden: hidden.slice(1), scores: apply(hidden.at(-1), layers.at(-1)) };
}

const answer = (scores) => scores.indexOf(Math.max(...scores));

// The class that each classifier gives an image; null where it gives none.
function predict(image) {
  return classifiers.map((classifier) => {
    const found = evaluate(classifier, image);
    return found && answer(found.scores);
  });
}

// From a drawing to an image like MNIST's.

const blank = () => new Array(SIDE * SIDE).fill(0);

// Rows and columns from the first ink to the last.
function box(ink, width) {
  const places = [...ink.keys()].filter((i) => ink[i] > 0);
  const rows = places.map((i) => Math.floor(i / width)), columns = places.map((i) => i % width);
  const span = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -1]);
  const [top, bottom] = span(rows), [left, right] = span(columns);
  return { top, left, height: bottom - top + 1, width: right - left + 1, filled: places.length };
}

// The mean of the ink, 0 to 255, over each pixel of an image in which the point (top, left) of the drawing is the corner.
function average(ink, width, top, left, scale) {
  const image = blank(), parts = 4;
  for (let i = 0; i < image.length * parts * parts; i++) {
    const pixel = Math.floor(i / (parts * parts)), part = i % (parts * parts), [r, c] = at(pixel);
    const y = Math.floor(top + (r + (Math.floor(part / parts) + 0.5) / parts) * scale);
    const x = Math.floor(left + (c + ((part % parts) + 0.5) / parts) * scale);
    if (y >= 0 && y < width && x >= 0 && x < width) image[pixel] += ink[y * width + x] / (parts * parts);
  }
  return image.map(Math.round);
}

// As MNIST was made: the digit's box is scaled to 20 x 20 pixels, then its centre of mass is put into the middle.
function fit(ink, width) {
  const { top, left, height, width: wide } = box(ink, width), scale = Math.max(height, wide) / INNER;
  const corner = (size) => (SIDE - size / scale) / 2;
  const [y, x] = [top - corner(height) * scale, left - corner(wide) * scale];
  const boxed = average(ink, width, y, x, scale), { mean } = moments(boxed);
  const [down, right] = mean.map((value) => Math.round(value - CENTRE) * scale);
  return { boxed, centred: average(ink, width, y + down, x + right, scale) };
}

// Moved right and down by whole pixels and sheared.
function move(image, right, down, slant) {
  return resample(image, (r, c) => [r - down + CENTRE, c - right + slant * (r - down) + CENTRE]).map(Math.round);
}

// The page.

const find = (id) => document.getElementById(id);
const canvas = find("drawing"), pen = canvas.getContext("2d", { willReadFrequently: true }), WIDTH = canvas.width;
const sliders = ["right", "down", "slant"].map(find), options = ["fitted", "upright"].map(find);
const [fitted, upright] = options;
let chosen = null; // a stored image; null for the drawing
let shown = { classifier: 0, digit: null }; // whose weights; null for the answer

// A drawing's ink is in its alpha channel.
const drawn = () => Array.from(pen.getImageData(0, 0, WIDTH, WIDTH).data).filter((_, i) => i % 4 === 3);
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const listed = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);
const article = (digit) => `${digit === 8 ? "an" : "a"} ${digit}`;
const signed = (value, digits = 1) => value.toFixed(digits).replace(/^-(?=[0.]*[1-9])/, "\u2212").replace("-", "");
const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// What is wrong with the input, in a sentence; empty if nothing is.
function complaint(ink) {
  const { height, width, filled } = box(ink, WIDTH);
  const most = Math.max(height, width);
  if (filled > 0.7 * height * width && Math.min(height, width) > 0.5 * most) {
    return most < WIDTH / 6
      ? "This is a dot: draw a digit larger than the pen is wide."
      : "This is a blot: nearly all of its box is ink. The models still answer, as each must choose one of the ten digits.";
  }
  const offset = Math.hypot(...moments(average(ink, WIDTH, 0, 0, WIDTH / SIDE)).mean.map((mean) => mean - CENTRE));
  const isSmall = most < WIDTH / 3;
  if (!isSmall && offset <= 5) return "";
  const where = `Your digit${isSmall ? " is small, and its" : "\u2019s"} centre lies ${plural(Math.round(offset), "pixel")} from the middle.`;
  return fitted.checked
    ? `${where} As MNIST's digits were, it is scaled and moved before the models see it.`
    : `${where} The training digits fill the middle, so most models fail where it is now.`;
}

// The image that the models are given, how it was made, and what there is to say about it.
function input() {
  const [right, down, slant] = sliders.map((slider) => Number(slider.value));
  let image = chosen?.pixels, steps = null, note = "";
  if (!image) {
    const ink = drawn();
    if (!ink.some((value) => value > 0)) return { note: "Nothing is drawn yet. Draw a digit, or choose one below." };
    note = complaint(ink);
    steps = fit(ink, WIDTH);
    image = fitted.checked ? steps.centred : average(ink, WIDTH, 0, 0, WIDTH / SIDE);
  }
  const moved = move(image, right, down, slant), lost = 1 - sum(moved) / sum(image);
  if (sum(moved) === 0) return { note: "All of the ink lies outside the image. Move it back." };
  if (lost > 0.05) note += ` ${Math.round(100 * lost)} % of the ink lies outside the image and is lost.`;
  const final = upright.checked ? deskew(moved)?.map(Math.round) : moved;
  if (!final) return { note: "Ink in one row has no slant, so it cannot be deskewed." };
  return { image: final, before: predict(image), steps, note };
}

function paint(target, colour) {
  const context = target.getContext("2d"), pixels = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) pixels.data.set([...colour(i), 255], 4 * i);
  context.putImageData(pixels, 0, 0);
}
const paintImage = (target, image) => paint(target, (i) => new Array(3).fill(255 - (image?.[i] ?? 0)));

// White at zero, blue above, orange below: the colours of the report's images of weights.
function diverging(share) {
  const end = share < 0 ? [190, 80, 0] : [0, 50, 100];
  return end.map((channel) => 255 + Math.min(Math.abs(share), 1) * (channel - 255));
}

// What every pixel, or every cell of HOG, weighs for a class: with hidden units, those that are active for this image.
function weightsOf({ sees, layers }, digit, found) {
  const rows = layers.map((layer) => layer.rows);
  if (sees.endsWith("HOG")) {
    const cells = new Float64Array(CELLS * CELLS);
    found.x.forEach((value, i) => { cells[blockCells[Math.floor(i / (4 * BINS))][Math.floor(i / BINS) % 4]] += value * rows[0][digit][i]; });
    return blank().map((_, i) => cells[Math.floor(at(i)[0] / CELL) * CELLS + Math.floor(at(i)[1] / CELL)]);
  }
  return rows.reduceRight((weights, layer, depth) => {
    const active = (unit) => depth === layers.length - 1 || found.hidden[depth][unit] > 0;
    return Array.from(layer[0], (_, i) => sum(layer, (row, unit) => (active(unit) ? weights[unit] * row[i] : 0)));
  }, layers.at(-1).biases.map((_, output) => (output === digit ? 1 : 0)));
}

function showWeights(image, results) {
  const classifier = classifiers[shown.classifier], found = results[shown.classifier];
  find("weights").hidden = !found;
  if (!found) return;
  const digit = shown.digit ?? answer(found.scores), isHog = classifier.sees.endsWith("HOG");
  const weights = weightsOf(classifier, digit, found), most = Math.max(...weights.map(Math.abs)) || 1;
  const seen = classifier.sees.startsWith("deskewed") ? deskew(image) : image;
  const target = find("weight-image"), context = target.getContext("2d"), pixel = target.width / SIDE;
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [row, column] = at(i), dot = Math.sqrt(seen[i] / 255) * 0.55 * pixel;
    context.fillStyle = `rgb(${diverging(weights[i] / most).join()})`;
    context.fillRect(column * pixel, row * pixel, pixel, pixel);
    context.fillStyle = "#000";
    context.fillRect((column + 0.5) * pixel - dot / 2, (row + 0.5) * pixel - dot / 2, dot, dot);
  }
  const terms = isHog ? null : weights.map((weight, i) => (weight * seen[i]) / 255);
  const total = (sign) => sum(terms.filter((term) => sign * term > 0));
  find("weight-title").textContent = `${classifier.name}: what speaks for ${article(digit)}`;
  find("weight-text").textContent = isHog
    ? `Score ${signed(found.scores[digit], 2)}. Each square is a cell of HOG: blue where its directions speak for ${article(digit)}, orange where against it. The dots are the digit.`
    : `Score ${signed(found.scores[digit], 2)}: ink on blue adds ${signed(total(1), 2)}, ink on orange ${signed(total(-1), 2)}, the bias the rest. The dots are the digit${classifier.sees === "pixels" ? "" : ", deskewed"}.`
      + (classifier.layers.length > 1 ? " These are the weights of the hidden units that this image activates; they change with it." : "");
}

function showScores(results) {
  classifiers.forEach((classifier, index) => {
    const body = find(`scores-${index}`), found = results?.[index];
    const best = found ? answer(found.scores) : null;
    body.querySelector("b").textContent = best ?? "\u2013";
    const least = found ? Math.min(...found.scores) : 0, range = found ? found.scores[best] - least || 1 : 1;
    body.querySelectorAll("td").forEach((cell, digit) => {
      cell.classList.toggle("best", digit === best);
      cell.classList.toggle("shown", index === shown.classifier && digit === (shown.digit ?? best));
      cell.querySelector("i").style.height = `${found ? (100 * (found.scores[digit] - least)) / range : 0}%`;
      cell.lastElementChild.textContent = found ? signed(found.scores[digit]) : "";
    });
  });
}

// What the models say now, and which changed their answer when the image was moved or deskewed.
function sentence(before, after) {
  const by = new Map();
  after.forEach((digit, index) => by.set(digit, [...(by.get(digit) ?? []), classifiers[index].name]));
  const said = by.size === 1 ? `All models say ${after[0] ?? "nothing"}`
    : [...by].map(([digit, names]) => `${listed(names)}: ${digit ?? "no answer"}`).join("; ");
  const changed = after.map((digit, index) => digit !== before[index] && classifiers[index].name).filter(Boolean);
  const isMoved = sliders.some((slider) => Number(slider.value)) || upright.checked;
  const change = changed.length ? `The change altered the answer of ${listed(changed)}.` : "The change altered no answer.";
  const truth = chosen ? `It is ${article(chosen.label)}.` : "";
  return [`${capitalised(said)}.`, truth, isMoved ? change : ""].filter(Boolean).join(" ");
}

let announced = 0;
function update() {
  const { image, before, steps, note } = input();
  const results = image && classifiers.map((classifier) => evaluate(classifier, image));
  sliders.forEach((slider) => { slider.nextElementSibling.textContent = signed(Number(slider.value), slider.id === "slant" ? 1 : 0); });
  paintImage(find("seen"), image);
  find("steps").hidden = !steps;
  if (steps) { paintImage(find("boxed"), steps.boxed); paintImage(find("centred"), steps.centred); }
  fitted.disabled = Boolean(chosen);
  find("examples").querySelectorAll("button").forEach((button, index) => button.setAttribute("aria-pressed", chosen === message.images[index]));
  showScores(results);
  find("weights").hidden = !image;
  if (image) showWeights(image, results);
  const said = results ? sentence(before, results.map((found) => found && answer(found.scores))) : "";
  // A reader of the screen hears the last of many changes.
  clearTimeout(announced);
  announced = setTimeout(() => { find("note").textContent = note.trim(); find("said").textContent = said; }, 150);
}

function reset() {
  sliders.forEach((slider) => { slider.value = 0; });
  upright.checked = false;
}

function choose(image) {
  pen.clearRect(0, 0, WIDTH, WIDTH);
  chosen = image;
  reset();
  canvas.style.backgroundImage = image ? `url(${picture(image.pixels)})` : "";
  update();
}

// An image as an address.
function picture(pixels) {
  const target = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  paintImage(target, pixels);
  return target.toDataURL();
}

let last = null;
const point = (event) => {
  const { left, top, width } = canvas.getBoundingClientRect(), scale = WIDTH / width;
  return [(event.clientX - left) * scale, (event.clientY - top) * scale];
};
canvas.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  if (chosen) choose(null);
  canvas.setPointerCapture(event.pointerId);
  last = point(event);
  stroke(last);
});
canvas.addEventListener("pointermove", (event) => {
  if (last) (event.getCoalescedEvents?.() ?? [event]).concat(event).forEach((each) => stroke(point(each)));
});
["pointerup", "pointercancel"].forEach((kind) => canvas.addEventListener(kind, () => { last = null; }));
let frame = 0;
function stroke(to) {
  Object.assign(pen, { lineWidth: 22, lineCap: "round", lineJoin: "round", strokeStyle: "#000" });
  pen.beginPath();
  pen.moveTo(...last);
  pen.lineTo(to[0] + 0.01, to[1]); // a line without length would not be drawn
  pen.stroke();
  last = to;
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(update);
}

message.images = message.images.map((image) => ({ ...image, pixels: Array.from(bytes(image.pixels)) }));
message.images.forEach((image) => {
  const button = document.createElement("button"), answers = predict(image.pixels);
  const wrong = answers.filter((digit) => digit !== image.label).length;
  const names = { 0: "all models right", [answers.length]: "all models wrong" };
  button.type = "button";
  button.append(Object.assign(document.createElement("img"), { src: picture(image.pixels), alt: "", width: SIDE, height: SIDE }));
  button.append(Object.assign(document.createElement("small"), { textContent: wrong ? `${wrong} wrong` : "" }));
  button.setAttribute("aria-label", `${capitalised(article(image.label))}, test image ${image.index}: ${names[wrong] ?? `${wrong} of ${answers.length} models wrong`}`);
  button.addEventListener("click", () => choose(image));
  find("examples").append(button);
});

sliders.concat(options).forEach((control) => control.addEventListener("input", update));
find("clear").addEventListener("click", () => choose(null));
find("reset").addEventListener("click", () => { reset(); update(); });
find("shift").addEventListener("click", () => { sliders[0].value = 3; update(); });
find("straighten").addEventListener("click", () => { upright.checked = true; update(); });
document.querySelectorAll(".scores td").forEach((cell, index) => cell.addEventListener("click", () => {
  find("classifier").value = Math.floor(index / 10);
  find("digit").value = index % 10;
  find("digit").dispatchEvent(new Event("change"));
}));
["classifier", "digit"].forEach((id) => find(id).addEventListener("change", () => {
  shown = { classifier: Number(find("classifier").value), digit: find("digit").value === "" ? null : Number(find("digit").value) };
  update();
}));
// For the console, and for tests.
globalThis.tryIt = { predict, fit, move, deskew, drawn };
find("try").hidden = false;
// Begin with an image that shows at once what a shift does.
choose(message.images.find(({ label, pixels }) => predict(move(pixels, 3, 0, 0))[0] !== label) ?? null);
