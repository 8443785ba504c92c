// The last half hour of one service as a small chart: load as an area, replicas as steps.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300, HEIGHT = 60, KEPT_SECONDS = 1800;

export function addPoint(points, point) {
  const last = points.at(-1);
  if (last && last[0] >= point[0]) return;
  points.push(point);
  while (points[0][0] < point[0] - KEPT_SECONDS) points.shift();
}

export function draw(svg, points) {
  const end = points.at(-1)?.[0] ?? 0;
  const x = (at) => WIDTH - ((end - at) / KEPT_SECONDS) * WIDTH;
  const paths = [["load", area(points, x)], ["replicas", steps(points, x)]];
  svg.replaceChildren(...paths.filter(([, d]) => d).map(([name, d]) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", d);
    return path;
  }));
}

const height = (value, most) => (HEIGHT - 2 - (value / (most || 1)) * (HEIGHT - 6)).toFixed(1);

function area(points, x) {
  const most = Math.max(...points.map((point) => point[1] ?? 0), 0);
  let path = "", first = null, last = null;
  const close = () => {
    if (first !== null) path += `L${last},${HEIGHT}L${first},${HEIGHT}Z`;
    first = null;
  };
  for (const [at, load] of points) {
    if (load === null) {
      close();  // a gap: the load there is unknown
      continue;
    }
    last = x(at).toFixed(1);
    path += `${first === null ? "M" : "L"}${last},${height(load, most)}`;
    first ??= last;
  }
  close();
  return path;
}

function steps(points, x) {
  const most = Math.max(...points.map((point) => Math.max(point[2], point[4])), 1);
  return points.map(([at, , current], index) => {
    const here = `${x(at).toFixed(1)}`, level = height(current, most);
    return index ? `H${here}V${level}` : `M${here},${level}`;
  }).join("");
}

export function inWords(points, loadInUnit) {
  if (points.length < 2) return "no history yet";
  const loads = points.map((point) => point[1]).filter((load) => load !== null);
  const counts = points.map((point) => point[2]);
  const span = Math.round((points.at(-1)[0] - points[0][0]) / 60);
  const load = loads.length ? `load ${loadInUnit(Math.min(...loads))} to ${loadInUnit(Math.max(...loads))}` : "no load known";
  return `last ${span} min: ${load}, ${Math.min(...counts)} to ${Math.max(...counts)} replicas`;
}
