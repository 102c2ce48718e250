// The story as the AWS SDK for JavaScript tells it: node story.cjs STORY prints
// the answers.
const fs = require("node:fs")
const xray = require("@aws-sdk/client-xray")

const client = new xray.XRayClient({ maxAttempts: 1 })

// fill puts in what earlier answers gave, and makes times what the SDK takes.
function fill(v, kept, name = "") {
  if (typeof v === "string") return kept[v] ?? v
  if (typeof v === "number" && /^(StartTime|EndTime|Timestamp)$/.test(name)) return new Date(v * 1000)
  if (Array.isArray(v)) return v.map((e) => fill(e, kept))
  if (v && typeof v === "object") return Object.fromEntries(Object.entries(v).map(([k, e]) => [k, fill(e, kept, k)]))
  return v
}

function plain(v) {
  if (v instanceof Date) return v.getTime() / 1000
  if (Array.isArray(v)) return v.map(plain)
  if (v && typeof v === "object") return Object.fromEntries(Object.entries(v).filter(([k]) => k !== "$metadata").map(([k, e]) => [k, plain(e)]))
  return v
}

const look = (v, path) => path.split(".").reduce((v, key) => v[key], v)

async function call(step, input) {
  try {
    if (step.pages) {
      const pages = []
      for await (const page of xray["paginate" + step.op]({ client }, input)) pages.push(plain(page))
      return { pages }
    }
    return { out: plain(await client.send(new xray[step.op + "Command"](input))) }
  } catch (e) {
    if (!(e instanceof xray.XRayServiceException)) throw e // which itself is what the SDK throws for a name it does not know
    return { error: e.constructor.name, message: e.message }
  }
}

async function main() {
  const kept = {}
  const told = []
  for (const step of JSON.parse(fs.readFileSync(process.argv[2], "utf8"))) {
    const [path, want] = (step.until ?? "").split("=")
    let got
    for (const deadline = Date.now() + 10000; ; ) {
      got = await call(step, fill(step.in, kept))
      if (!path || look(got.out, path) === want || Date.now() > deadline) break
      await new Promise((r) => setTimeout(r, 50))
    }
    for (const [name, where] of Object.entries(step.keep ?? {})) if (got.out) kept["$" + name] = look(got.out, where)
    told.push(got)
  }
  process.stdout.write(JSON.stringify(told))
}

main()
