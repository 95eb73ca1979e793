// What is known of devices, by ID. Each is one object for as long as the page is open: widgets hold on to it.

export class Things extends Map {
  /** Learn what the portal says of a device. */
  meet(thing) {
    const known = this.get(thing.device_id);
    if (known) Object.assign(known, thing);
    else this.set(thing.device_id, thing);
    return known ?? thing;
  }
}
