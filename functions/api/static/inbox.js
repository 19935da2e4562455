import { enableBulk, markPicked } from "./bulk.js";
import { enableFilters } from "./filters.js";
import { keepFresh } from "./live.js";
import { showTimes } from "./times.js";
import { enableUploads } from "./upload.js";

enableUploads();
enableFilters();
enableBulk();
keepFresh({
  always: true,
  onChange: (part) => {
    showTimes(part);
    markPicked();
  },
});
