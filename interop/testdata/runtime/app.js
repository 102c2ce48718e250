// The function of runtime_test.go with the X-Ray SDK for Node.
const AWSXRay = require("aws-xray-sdk-core")
const http = AWSXRay.captureHTTPs(require("node:http"))

class RuntimeError extends Error {
  name = "RuntimeError"
}

const get = (path) => new Promise((resolve, reject) =>
  http.get(process.env.AWS_ENDPOINT_URL + path, (res) => res.resume().on("end", () => resolve(res.statusCode))).on("error", reject))

exports.handler = async (event) => {
  if (event.do === "sleep") await new Promise((resolve) => setTimeout(resolve, 30_000))
  if (event.do === "http") return [await get("/health"), await get("/absent")]
  return AWSXRay.captureAsyncFunc("work", async (work) => {
    work.addAnnotation("order", 7)
    work.addNewSubsegment("inner").close()
    const error = event.do === "fail" && new RuntimeError("on purpose")
    work.close(error || undefined)
    if (error) throw error
    return "done"
  })
}
