// The pages work without any of this; each module makes one thing quicker.
import { swapPanels } from "./swap.js";
import { copyButtons } from "./copy.js";
import { timelines } from "./timeline.js";
import { zoomMaps } from "./zoom.js";
import { followHash } from "./hash_route.js";
import { completeFilters } from "./complete.js";

swapPanels(document);
copyButtons(document);
timelines(document);
zoomMaps(document);
followHash(document);
completeFilters(document);
