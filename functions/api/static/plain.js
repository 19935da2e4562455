// A page that only shows: times in the reader's own language, and uploads.

import { showTimes } from "./times.js";
import { enableUploads } from "./upload.js";

enableUploads();
showTimes(document);
