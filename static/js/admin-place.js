// A map below latitude and longitude: where it is clicked, there the device is. The mark can be dragged, too.

import { makeMap } from "./map/world.js";

const DIGITS = 5; // about a metre
const NEAR = { land: 6, tiles: 15 };

const latitude = document.querySelector("input[data-place]");
const longitude = document.querySelector("input[name=longitude]");
if (latitude && longitude) offer();

function offer() {
  const place = document.createElement("div");
  place.className = "map__canvas place-map";
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", "Map: click where the device is");
  latitude.closest(".form-row, .form-rows, fieldset").append(place);
  const map = makeMap(place, latitude.dataset);
  const icon = L.divIcon({ className: "mark__place", html: '<span class="mark" data-presence="online"></span>', iconSize: [28, 28] });
  const mark = L.marker([0, 0], { icon, draggable: true, keyboard: false, title: "Where the device is" });

  const given = () => {
    const [north, east] = [latitude, longitude].map((field) => (field.value.trim() ? Number(field.value) : NaN));
    return Math.abs(north) <= 90 && Math.abs(east) <= 180 ? [north, east] : null;
  };
  const show = () => {
    const at = given();
    if (at) mark.setLatLng(at).addTo(map);
    else mark.remove();
    return at;
  };
  const take = ({ lat, lng }) => {
    latitude.value = lat.toFixed(DIGITS);
    longitude.value = lng.toFixed(DIGITS);
    show();
  };

  map.on("click", ({ latlng }) => take(latlng.wrap()));
  mark.on("dragend", () => take(mark.getLatLng().wrap()));
  for (const field of [latitude, longitude]) {
    field.addEventListener("change", () => {
      const at = show();
      if (at) map.panTo(at);
    });
  }
  const at = show();
  if (at) map.setView(at, latitude.dataset.tiles ? NEAR.tiles : NEAR.land);
}
