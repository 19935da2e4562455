import { keepFresh } from "./live.js";
import { showTimes } from "./times.js";
import { enableUploads } from "./upload.js";

enableUploads();
keepFresh({ always: true, onChange: showTimes });
