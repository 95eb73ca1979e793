// A Leaflet map on the portal's own outlines, or on the tiles that the portal's operator chose.

import { toast } from "../toast.js";
import { landLayer } from "./land.js";

const BOUNDS = [
  [-85, -180],
  [85, 180],
];

/** A map in `place`; `land` is the address of the outlines, `tiles` that of tiles or "". */
export function makeMap(place, { land, tiles, attribution }) {
  const map = L.map(place, {
    attributionControl: Boolean(tiles),
    maxBounds: BOUNDS,
    maxBoundsViscosity: 1,
    minZoom: 1,
    maxZoom: 18,
    worldCopyJump: false,
    zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  map.setView([30, 0], 2);
  L.control.scale({ imperial: false }).addTo(map);
  if (tiles) {
    map.attributionControl.setPrefix(false);
    const words = document.createElement("span");
    words.textContent = attribution;
    L.tileLayer(tiles, { attribution: words.innerHTML, referrerPolicy: "strict-origin" }).addTo(map);
  } else {
    landLayer(land)
      .then((layer) => layer.addTo(map))
      .catch((error) => toast(error.message));
  }
  return map;
}
