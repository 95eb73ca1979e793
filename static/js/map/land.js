// The portal's own base map: outlines of countries from a TopoJSON file, so that no other server is asked.

/** A Leaflet layer of the countries in `url`. */
export async function landLayer(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error("The base map could not be loaded.");
  const topology = await answer.json();
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return L.geoJSON(countries(topology), {
    interactive: false,
    renderer: L.canvas({ padding: 0.5 }),
    style: { color: css("--map-border"), weight: 1, fillColor: css("--map-land"), fillOpacity: 1 },
  });
}

/** The countries of a topology as GeoJSON. Neighbours share their borders there: as arcs of quantised steps. */
function countries({ arcs, transform, objects }) {
  const { scale, translate } = transform;
  const lines = arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
    });
  });
  const line = (index) => (index < 0 ? [...lines[~index]].reverse() : lines[index]);
  const ring = (indexes) => indexes.flatMap((index, position) => line(index).slice(position ? 1 : 0));
  const polygon = (rings) => rings.map(ring);
  return objects.countries.geometries
    .filter(({ type }) => type === "Polygon" || type === "MultiPolygon")
    .map(({ type, arcs: of }) => ({
      type: "Feature",
      properties: {},
      geometry: { type, coordinates: type === "Polygon" ? polygon(of) : of.map(polygon) },
    }));
}
