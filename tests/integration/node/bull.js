// usage: node bull.js REDIS_PORT add N [JSON OPTIONS] | work CONCURRENCY GATE_FILE | counts | pause | resume
// A queue "q" of BullMQ: adds jobs, works on them (each lasts until GATE_FILE exists), tells its counts.
const fs = require("fs");
const { Queue, Worker } = require("bullmq");

const [port, command, first, second] = process.argv.slice(2);
const connection = { host: "127.0.0.1", port: Number(port), maxRetriesPerRequest: null };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function main() {
  if (command === "work") {
    const job = async () => {
      while (!fs.existsSync(second)) await sleep(20);
    };
    const options = { connection, concurrency: Number(first), metrics: { maxDataPoints: 60 } };
    new Worker("q", job, options);
    return;
  }
  const queue = new Queue("q", { connection });
  if (command === "add")
    for (let i = 0; i < Number(first); i++) await queue.add("job", { i }, JSON.parse(second || "{}"));
  if (command === "pause") await queue.pause();
  if (command === "resume") await queue.resume();
  console.log(JSON.stringify(await queue.getJobCounts()));
  await queue.close();
}

main();
