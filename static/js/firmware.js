// Pages of firmware campaigns: their parts follow what happens, and what cannot be undone is asked first.

import { look } from "./follow.js";
import "./questions.js";

const LOOK_EVERY = 2_000;

setInterval(look, LOOK_EVERY);
