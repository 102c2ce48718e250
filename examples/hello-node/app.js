// A traced function: a subsegment of its own around a PutObject, and a
// ListTables beside it. captureAWSv3Client makes the X-Ray SDK record every call.
const AWSXRay = require("aws-xray-sdk-core")
const { DynamoDBClient, ListTablesCommand } = require("@aws-sdk/client-dynamodb")
const { PutObjectCommand, S3Client } = require("@aws-sdk/client-s3")

const s3 = AWSXRay.captureAWSv3Client(new S3Client({ maxAttempts: 1 }))
const dynamodb = AWSXRay.captureAWSv3Client(new DynamoDBClient({ maxAttempts: 1 }))

exports.handler = async ({ name = "world" }) => {
  const stored = await AWSXRay.captureAsyncFunc("greet", async (greet) => {
    greet.addAnnotation("name", name)
    const stored = await outcome(s3, new PutObjectCommand({ Bucket: "greetings", Key: name, Body: `Hello, ${name}!` }))
    greet.close()
    return stored
  })
  return { hello: name, PutObject: stored, ListTables: await outcome(dynamodb, new ListTablesCommand({})) }
}

// outcome is what an AWS call came to. Its subsegment shows the same.
const outcome = (client, command) => client.send(command).then((answer) => answer.$metadata.httpStatusCode, String)
