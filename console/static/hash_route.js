// Leads from the AWS consoles' addresses, whose page is named behind the #, to
// the same page here.
const routes = [
  [/^#?(?:xray:)?\/?traces\/([0-9a-zA-Z-]+)/, (m) => `/traces/${m[1]}`],
  [/^#?(?:xray:)?\/?traces/, (_, q) => list("/traces", q)],
  [/^#?(?:xray:)?\/?(?:service-map|analytics)/, (m, q) => list(m[0].includes("analytics") ? "/traces" : "/map", q)],
  [/^#?(?:xray:)?\/?insights\/([0-9a-zA-Z-]+)/, (m) => `/insights/${m[1]}`],
  [/^#?(?:xray:)?\/?insights/, () => "/insights"],
  [/^#?\/?functions\/([^/?]+)/, (m) => `/functions/${m[1]}`],
  [/^#?\/?functions/, () => "/functions"],
];

// list carries the old time range over: PT15M, or two times joined by ~.
function list(path, query) {
  const range = new URLSearchParams(query).get("timeRange") ?? "";
  const out = new URLSearchParams();
  const span = { PT1M: "5m", PT5M: "5m", PT10M: "15m", PT15M: "15m", PT30M: "30m", PT1H: "1h", PT3H: "3h", PT6H: "6h" }[range];
  const [from, to] = range.split("~");
  if (span) out.set("range", span);
  else if (to) { out.set("from", from); out.set("to", to); }
  return out.size ? `${path}?${out}` : path;
}

export function target(hash) {
  const [path, query] = hash.replace(/^#/, "").replaceAll("%3A", ":").split("?");
  for (const [pattern, to] of routes) {
    const m = path.match(pattern);
    if (m) return to(m, query);
  }
  return location.pathname.startsWith("/lambda") ? "/functions" : location.pathname.startsWith("/xray") ? "/map" : "/traces";
}

export function followHash(root) {
  if (root.getElementById("hash-route")) location.replace(target(location.hash));
}
