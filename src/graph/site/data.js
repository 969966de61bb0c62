// What the page has: what there is to choose from, and the numbers of RRDs, unpacked when they are first shown.

const site = JSON.parse(byId('site').textContent);
const unpacked = new Map();

// Text of the page back to octets: base64, deflated.
async function inflate(id) {
  const packed = Uint8Array.from(atob(byId(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Three octets a number, each third of a column together: a single's bits without its sign and the last seven.
function column(octets, at, rows) {
  const bits = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    bits[row] = (octets[at + row] << 23) | (octets[at + rows + row] << 15) | (octets[at + 2 * rows + row] << 7);
  }
  return new Float32Array(bits.buffer);
}

// An RRD's archives, the finest first: seconds a row, the end of the last row, rows, and a column a source.
async function unpack(number, shape) {
  const octets = await inflate(`rrd${number}`);
  let at = 0;
  return shape.map(([step, end, rows]) => {
    const columns = Array.from({ length: 6 }, () => {
      at += 3 * rows;
      return column(octets, at - 3 * rows, rows);
    });
    return { step, end, rows, columns };
  });
}

// The shape of an RRD's archives, or nothing if the page has none of this name. Folder 0 is of all exporters.
function shapeOf(folder, stem) {
  const found = site.folders[folder]?.[stem];
  return found && site.shapes[found[1]];
}

function archivesOf(folder, stem) {
  const [number] = site.folders[folder][stem];
  if (!unpacked.has(number)) unpacked.set(number, unpack(number, shapeOf(folder, stem)));
  return unpacked.get(number);
}

// More rows than anybody can see.
const ROWS = 1500;

// The step of the finest archive that reaches back to a time, or to the beginning of all that is known.
function stepFor(shape, from, to) {
  const back = Math.max(from, site.oldest);
  const fits = ([step, end, rows]) => end - step * rows <= back && (to - from) / step <= ROWS;
  return (shape.find(fits) ?? shape.at(-1))[0];
}

// The value of the row that ends at a time. Rows that an archive does not have, as the one that is not over yet, are
// the mean of what finer ones know of them.
function valueAt(archives, source, time, step) {
  const own = archives.find((archive) => archive.step === step) ?? archives.findLast((archive) => archive.step < step)
    ?? archives[0];
  const row = own.rows - 1 - (own.end - Math.ceil(time / own.step) * own.step) / own.step;
  if (row >= 0 && row < own.rows && own.step >= step) return own.columns[source][row];
  return meanOf(archives[0], source, time - step, time);
}

function meanOf(archive, source, from, to) {
  const { step, end, rows, columns } = archive;
  const first = Math.max(0, rows - Math.floor((end - from) / step));
  const last = Math.min(rows - 1, rows - 1 - Math.ceil((end - to) / step));
  let [sum, known] = [0, 0];
  for (let row = first; row <= last; row++) {
    const value = columns[source][row];
    if (!Number.isNaN(value)) {
      sum += value;
      known += 1;
    }
  }
  return known > 0 ? sum / known : NaN;
}
