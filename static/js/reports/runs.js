// Reports that are being made: the page follows them, quickly as long as one is under way.

import { look } from "../follow.js";
import "../questions.js";

const QUICKLY = 1_000;
const SLOWLY = 10_000;

async function follow() {
  if (document.querySelector("[data-follow]")) await look();
  setTimeout(follow, document.querySelector("[data-open]") ? QUICKLY : SLOWLY);
}

setTimeout(follow, QUICKLY);
