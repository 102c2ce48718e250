// The shop of xray_app_test.go with the X-Ray SDK for Node, its Express
// middleware, and the AWS SDK for JavaScript.
const http = require("node:http")
const AWSXRay = require("aws-xray-sdk")
const { XRayClient, GetGroupCommand, GetGroupsCommand } = require("@aws-sdk/client-xray")
const emitter = require("aws-xray-sdk-core/dist/lib/segment_emitter")

const traced = AWSXRay.captureHTTPs(http)
const xray = AWSXRay.captureAWSv3Client(new XRayClient({ maxAttempts: 1 }))
AWSXRay.setContextMissingStrategy("IGNORE_ERROR")

const get = (client, url) =>
  new Promise((resolve, reject) => client.get(url, (res) => res.resume().on("end", () => resolve(res.statusCode))).on("error", reject))

const routes = {
  "/all/work": (url, segment) => {
    segment.setUser("ann")
    const work = segment.addNewSubsegment("work")
    work.addAnnotation("colour", "blue")
    work.addAnnotation("count", 3)
    work.addAnnotation("fine", true)
    work.addMetadata("table", { rows: [1, 2] }, "details")
    work.addNewSubsegment("inner").close()
    work.close()
  },
  "/all/fails": (url, segment) => {
    segment.addNewSubsegment("fails").close(new Error("on purpose"))
    return 500
  },
  "/all/http": async (url) => { await get(traced, url.searchParams.get("url")) },
  "/all/aws": async () => {
    await xray.send(new GetGroupsCommand({}))
    await xray.send(new GetGroupCommand({ GroupName: "absent" })).catch(() => {})
  },
  "/all/large": async (url, segment) => {
    const parts = Array.from({ length: 150 }, (_, i) => segment.addNewSubsegment("n" + i))
    parts.forEach((p) => p.close())
    await get(http, url.searchParams.get("url"))
  },
  "/all/long": async (url, segment) => {
    emitter.send(segment)
    await get(http, url.searchParams.get("url"))
  },
}

const open = AWSXRay.express.openSegment("shop-node")
const server = http.createServer((req, res) =>
  open(req, res, async () => {
    const url = new URL(req.url, "http://x")
    const status = await routes[url.pathname]?.(url, AWSXRay.getSegment())
    res.writeHead(status ?? 200).end("done")
  }))
server.listen(0, "127.0.0.1", () => console.log("http://127.0.0.1:" + server.address().port))
