// The runtime of nodejs*: it loads the function's handler and speaks the Runtime
// API, https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. What a
// function can notice of it (context, callbacks, errors, lines of the log) is as
// with AWS's own runtime client for Node.js.
"use strict"

const fs = require("node:fs")
const net = require("node:net")
const path = require("node:path")
const { Writable } = require("node:stream")
const { fileURLToPath, pathToFileURL } = require("node:url")
const util = require("node:util")

const streaming = Symbol.for("aws.lambda.runtime.handler.streaming")
// maxCause bounds the X-Ray cause, which travels in a header.
const maxCause = 512 << 10

// RuntimeAPI is one connection, one call at a time. It is no client of
// node:http, which functions instrument. Between calls the connection does not
// keep the process alive, so that beforeExit tells when a handler has nothing
// left to do.
class RuntimeAPI {
  #host
  #port
  #socket = null
  #waiting = null // { resolve, reject } of the call under way
  #chunks = []
  #have = 0 // bytes in chunks
  #need = 0 // bytes of the whole answer, 0 until its head is there
  #answer = null

  constructor(address) {
    const colon = address.lastIndexOf(":")
    this.#host = address.slice(0, colon)
    this.#port = Number(address.slice(colon + 1))
  }

  // call sends one request and returns its answer.
  call(method, target, headers = "", body = "") {
    const answer = this.begin(`${method} ${target} HTTP/1.1\r\nHost: ${this.#host}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`)
    if (body) this.write(body)
    this.send()
    return answer
  }

  // begin opens a request with its head and promises the answer; write goes on
  // with it, and send lets go what was written so far, at once.
  begin(head) {
    if (this.#socket === null) this.#connect()
    this.#socket.ref()
    this.#socket.cork()
    this.#socket.write(head)
    this.#chunks = []
    this.#have = this.#need = 0
    return new Promise((resolve, reject) => { this.#waiting = { resolve, reject } })
  }

  // write may come after the connection broke; then the call has failed already.
  write(data, done) {
    if (this.#socket === null) return void done?.()
    this.#socket.write(data, done && (() => done()))
  }

  send() { this.#socket?.uncork() }

  #connect() {
    const socket = net.connect(this.#port, this.#host)
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on("data", (chunk) => this.#take(chunk))
    socket.on("error", () => {}) // close follows
    socket.on("close", () => {
      this.#socket = null
      const waiting = this.#waiting
      this.#waiting = null
      waiting?.reject(new Error("the Runtime API hung up"))
    })
  }

  #take(chunk) {
    if (this.#waiting === null) return // nobody asked
    this.#chunks.push(chunk)
    this.#have += chunk.length
    if (this.#need === 0) {
      const whole = Buffer.concat(this.#chunks)
      const end = whole.indexOf("\r\n\r\n")
      if (end < 0) return
      const [status, ...lines] = whole.toString("utf8", 0, end).split("\r\n")
      const headers = {}
      for (const line of lines) {
        const colon = line.indexOf(":")
        headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
      }
      this.#answer = { status: Number(status.split(" ")[1]), headers, start: end + 4 }
      this.#need = end + 4 + Number(headers["content-length"])
      this.#chunks = [whole]
    }
    if (this.#have < this.#need) return
    const { status, headers, start } = this.#answer
    const body = Buffer.concat(this.#chunks).toString("utf8", start, this.#need)
    const waiting = this.#waiting
    this.#waiting = null
    this.#socket.unref()
    waiting.resolve({ status, headers, body })
  }
}

const api = new RuntimeAPI(process.env.AWS_LAMBDA_RUNTIME_API)
const prefix = "/2018-06-01/runtime/"

// The log.

let requestID // of the invocation that runs or ran last

function logAs(level) {
  return (message, ...rest) => {
    const line = `${new Date().toISOString()}\t${requestID}\t${level}\t${util.format(message, ...rest)}`
    process.stdout.write(line.replaceAll("\n", "\r") + "\n") // one line is one event of the log
  }
}

function logError(what, error) {
  error = error instanceof Error ? error : new Error(error)
  let text
  try {
    text = JSON.stringify(error, (_, v) => v instanceof Error ? withDetails(v) : v)
  } catch {
    text = JSON.stringify(errorBody(error)) // it holds what JSON cannot
  }
  console.error(what, "\t" + text)
}

function withDetails(error) {
  const details = { errorType: error.name, errorMessage: error.message, code: error.code, ...error }
  if (typeof error.stack === "string") details.stack = error.stack.split("\n")
  return details
}

// Errors.

function runtimeError(type, message) {
  const error = new Error(message)
  Object.defineProperty(error, "name", { value: "Runtime." + type }) // the log shows what can be enumerated
  error.stack = error.stack.replace(/^Error/, error.name)
  return error
}

const isError = (e) => util.types.isNativeError(e) || [e?.name, e?.message, e?.stack].every((s) => s && typeof s === "string")

// errorBody is the error as the caller gets it.
function errorBody(error) {
  try {
    if (isError(error)) return { errorType: error.name, errorMessage: error.message, trace: error.stack.split("\n") }
    return { errorType: typeof error, errorMessage: error.toString(), trace: [] }
  } catch {
    return { errorType: "handled", errorMessage: "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack" }
  }
}

// cause is the error as X-Ray gets it.
function cause(error) {
  const stack = typeof error?.stack === "string" ? error.stack.split("\n").map(frame).filter(Boolean) : []
  const paths = [...new Set(stack.map((f) => f.path))]
  return { working_directory: process.cwd(), exceptions: [{ type: error?.name, message: error?.message, stack }], paths }
}

// frame reads a line of a stack, "    at label (path:line:column)" or without a
// label, and gives nothing for the lines of the message.
function frame(line) {
  const parts = /^\s+at (?:(.*) \((.*)\)|(.*))$/.exec(line)
  if (parts === null) return null
  const where = parts[2] ?? parts[3]
  const [, file = where, number] = /^(.*?):(\d+):\d+$/.exec(where) ?? []
  return {
    path: file.startsWith("file://") ? fileURLToPath(file) : file,
    line: number && Number(number),
    label: parts[1] ?? "anonymous",
  }
}

// ascii spells JSON so that a header can hold it.
const ascii = (json) => json.replace(/[^\x20-\x7e]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"))

function errorHeaders(body) {
  return `Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: ${ascii(String(body.errorType))}\r\n`
}

function postInitError(error) {
  const body = errorBody(error)
  return api.call("POST", prefix + "init/error", errorHeaders(body), JSON.stringify(body))
}

function postError(id, error) {
  const body = errorBody(error)
  let headers = errorHeaders(body)
  try {
    const text = ascii(JSON.stringify(cause(error)))
    if (text.length <= maxCause) headers += `Lambda-Runtime-Function-XRay-Error-Cause: ${text}\r\n`
  } catch {
    // The error's own properties threw; its body has told what could be told.
  }
  return api.call("POST", `${prefix}invocation/${id}/error`, headers, JSON.stringify(body))
}

// The handler.

const splitHandler = /^([^.]*)\.(.*)$/

async function loadHandler(root, name) {
  if (name.includes("..")) {
    throw runtimeError("MalformedHandlerName", `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`)
  }
  const base = path.basename(name)
  const folder = name.slice(0, name.indexOf(base))
  const parts = splitHandler.exec(base)
  if (parts === null) throw runtimeError("MalformedHandlerName", "Bad handler")
  let loaded
  try {
    loaded = await loadModule(root, folder, parts[1])
  } catch (error) {
    if (error instanceof SyntaxError) {
      const wrapped = runtimeError("UserCodeSyntaxError", String(error))
      if (error.stack) wrapped.stack = error.stack // names file and line
      throw wrapped
    }
    throw error?.code === "MODULE_NOT_FOUND" ? runtimeError("ImportModuleError", String(error)) : error
  }
  const handler = parts[2].split(".").reduce((of, key) => of?.[key], loaded)
  if (!handler) throw runtimeError("HandlerNotFound", `${name} is undefined or not exported`)
  if (typeof handler !== "function") throw runtimeError("HandlerNotFound", `${name} is not a function`)
  if (![undefined, null, false, "response"].includes(handler[streaming])) {
    throw runtimeError("MalformedStreamingHandler", "Only response streaming is supported.")
  }
  if (process.env.AWS_EXECUTION_ENV === "AWS_Lambda_nodejs24.x" && handler.length >= 3 && !handler[streaming]) {
    throw runtimeError("CallbackHandlerDeprecated", "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.")
  }
  return handler
}

async function loadModule(root, folder, name) {
  const file = path.resolve(root, folder, name)
  const typescript = Number(process.versions.node.split(".")[0]) >= 24
  const esm = isESM(path.dirname(file))
  // In this order; the first that is there is it.
  for (const [extension, load, when] of [
    ["", required, true],
    [".js", esm ? imported : required, true],
    [".mjs", imported, true],
    [".cjs", required, true],
    [".ts", esm ? imported : required, typescript],
    [".mts", imported, typescript],
    [".cts", required, typescript],
  ]) {
    if (when && fs.existsSync(file + extension)) return load(file + extension)
  }
  return require(require.resolve(name, { paths: [root, path.resolve(root, folder)] }))
}

const required = (file) => require(file)
const imported = (file) => import(pathToFileURL(file).href)

// isESM reports whether the nearest package.json makes .js files ES modules.
function isESM(folder) {
  while (!folder.endsWith("/node_modules")) {
    const file = path.join(folder, "package.json")
    if (fs.existsSync(file)) {
      try {
        return JSON.parse(fs.readFileSync(file, "utf8"))?.type === "module"
      } catch (error) {
        console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error)
        return false
      }
    }
    if (folder === "/") return false
    folder = path.dirname(folder)
  }
  return false
}

// Invocations.

// idle is called when nothing is left to do. While the handler is loaded, that
// means a top-level await that nothing will settle: Node's status for it is 13.
let idle = () => process.exit(13)

// fatal tells of an error nobody caught, and then the process ends. Until it has,
// dying keeps the rest from calling the Runtime API.
let fatal = postInitError
let dying = false

function newContext(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"])
  const parse = (text) => text === undefined ? undefined : JSON.parse(text)
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse(headers["lambda-runtime-client-context"]),
    identity: parse(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: requestID,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
}

// serve takes one event after the other.
async function serve(handler) {
  const invoke = handler[streaming] ? invokeStreaming : invokeBuffered
  for (;;) {
    await new Promise(setImmediate) // what the last invocation left is done first
    if (dying) return
    idle = () => {}
    fatal = async () => {} // between invocations nobody is told
    const { status, headers, body } = await api.call("GET", prefix + "invocation/next")
    if (status !== 200) throw new Error(`the Runtime API answers ${status}: ${body}`)
    requestID = headers["lambda-runtime-aws-request-id"]
    if (headers["lambda-runtime-trace-id"]) process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"]
    else delete process.env._X_AMZN_TRACE_ID
    await invoke(handler, body, headers)
  }
}

// invokeBuffered returns when the Runtime API has the answer. The first of the
// promise, the callback and the context's own succeed, fail and done gives it.
function invokeBuffered(handler, body, headers) {
  const id = requestID
  return new Promise((over, broken) => {
    fatal = (error) => postError(id, error)
    const post = (error, result) => {
      if (dying) return
      idle = () => {}
      let text
      if (error === undefined || error === null) {
        try {
          text = JSON.stringify(result === undefined ? null : result) ?? "" // a function has no JSON
        } catch {
          error = new Error("Unable to stringify response body")
        }
      }
      if (text === undefined) logError("Invoke Error", error)
      const posted = text === undefined ? postError(id, error)
        : api.call("POST", `${prefix}invocation/${id}/response`, "Content-Type: application/json\r\n", text)
      fatal = () => posted // it has its answer
      posted.then(over, broken)
    }
    let answered = false
    const first = (answer) => (...args) => {
      if (answered) return
      answered = true
      answer(...args)
    }
    const done = first(post)
    idle = first(() => {
      if (util.types.isAsyncFunction(handler)) {
        post(runtimeError("NodeJsExit", "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was not settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes"))
      } else {
        post(null, null) // a handler that forgot its callback
      }
    })
    let context
    const callback = first((error, result) => {
      if (error !== undefined && error !== null || !context.callbackWaitsForEmptyEventLoop) post(error, result)
      else idle = () => setImmediate(post, null, result)
    })
    const fail = (error) => done(error ?? "handled")
    try {
      context = Object.assign(newContext(headers), { done, fail, succeed: (result) => done(null, result) })
      const result = handler(JSON.parse(body), context, callback)
      if (typeof result?.then === "function") result.then(context.succeed, fail)
    } catch (error) {
      done(error ?? "handled")
    }
  })
}

// ResponseStream is a response while it is being made, one chunk for each write.
// Its head goes with the first.
class ResponseStream extends Writable {
  answer = null // the Runtime API's, once begun
  #id
  #contentType = "application/octet-stream"
  #prelude = null

  constructor(id, options) {
    super({ ...options, decodeStrings: true })
    this.#id = id
  }

  // write takes objects too, as JSON.
  write(chunk, ...rest) {
    return super.write(typeof chunk === "string" || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk), ...rest)
  }

  setContentType(type) {
    if (this.answer) throw runtimeError("InvalidStreamingOperation", "Cannot set content-type, too late.")
    this.#contentType = type
  }

  setPrelude(prelude) { this.#prelude = prelude }

  #begin() {
    if (this.answer) return
    this.answer = api.begin(`POST ${prefix}invocation/${this.#id}/response HTTP/1.1\r\nHost: runtime\r\nTransfer-Encoding: chunked\r\n` +
      "Lambda-Runtime-Function-Response-Mode: streaming\r\nTrailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n" +
      `Content-Type: ${this.#contentType}\r\n\r\n`)
    this.answer.catch(() => {}) // whoever awaits it is told
    if (this.#prelude) this.#chunk(this.#prelude)
  }

  #chunk(data, done) {
    api.write(Buffer.concat([Buffer.from(data.length.toString(16) + "\r\n"), data, Buffer.from("\r\n")]), done)
    api.send()
  }

  _write(chunk, _, done) {
    this.#begin()
    if (chunk.length === 0) return done() // an empty chunk would be the last
    this.#chunk(chunk, done)
  }

  // _final ends the response, with the error that ended it early, if any.
  _final(done) {
    this.#begin()
    let trailer = ""
    if (this.failure) {
      const text = Buffer.from(JSON.stringify(this.failure)).toString("base64")
      trailer = `Lambda-Runtime-Function-Error-Type: ${ascii(String(this.failure.errorType))}\r\nLambda-Runtime-Function-Error-Body: ${text}\r\n`
    }
    api.write(`0\r\n${trailer}\r\n`)
    api.send()
    this.answer.then(() => done(), done)
  }
}

async function invokeStreaming(handler, body, headers) {
  const id = requestID
  const response = new ResponseStream(id, handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")])
  const ended = new Promise((resolve) => response.once("close", resolve))
  const fail = (error) => {
    idle = () => {}
    logError("Invoke Error", error)
    response.failure = errorBody(error)
    response.end()
    return ended
  }
  fatal = (error) => response.writableEnded ? ended : fail(error)
  idle = () => fail("Response stream is not finished.")
  response.on("error", (error) => logError("Invoke Error", error))
  try {
    const result = handler(JSON.parse(body), response, newContext(headers))
    if (typeof result?.then !== "function") throw "Streaming does not support non-async handlers."
    if (await result !== undefined) console.warn("Streaming handlers ignore return values.")
    await ended
  } catch (error) {
    await (response.writableEnded ? ended : fail(error))
  }
}

// die ends the process with the status AWS's runtime has for it.
async function die(status, error) {
  if (dying) return
  dying = true
  try {
    await fatal(error)
  } finally {
    process.exit(status)
  }
}

async function main() {
  for (const level of ["trace", "debug", "info", "warn", "error", "fatal"]) console[level] = logAs(level.toUpperCase())
  console.log = console.info
  process.on("uncaughtException", (error) => {
    logError("Uncaught Exception", error)
    void die(129, error)
  })
  process.on("unhandledRejection", (reason, promise) => {
    const error = Object.assign(runtimeError("UnhandledPromiseRejection", String(reason)), { reason, promise })
    logError("Unhandled Promise Rejection", error)
    void die(128, error)
  })
  process.on("beforeExit", () => idle())
  if (!["1", "true"].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) {
    globalThis.awslambda = {
      streamifyResponse(handler, options) {
        handler[streaming] = "response"
        const highWaterMark = parseInt(options?.highWaterMark)
        if (highWaterMark) handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")] = { highWaterMark }
        return handler
      },
      // The head of a response over HTTP comes before its body, with eight NULs between.
      HttpResponseStream: {
        from(response, head) {
          response.setContentType("application/vnd.awslambda.http-integration-response")
          response.setPrelude(Buffer.from(JSON.stringify(head) + "\0".repeat(8)))
          return response
        },
      },
    }
  }
  let handler
  try {
    handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER)
  } catch (error) {
    logError("Uncaught Exception", error)
    return die(129, error)
  }
  await serve(handler)
}

main().catch((error) => {
  // The Runtime API is gone or refuses: the environment is at its end.
  process.stderr.write(`radiograph: ${error?.stack ?? error}\n`)
  process.exit(1)
})
