// Logs with winston-loki: node winston.js URL json|protobuf COUNT TEXT, in $CLIENTS, where its modules
// are. A token is taken from $TOKEN. Ends with 1 where a push was not taken.
const { createRequire } = require('module');
const load = createRequire(process.env.CLIENTS + '/');
const winston = load('winston');
const LokiTransport = load('winston-loki');

const [host, form, count, text] = process.argv.slice(2);
const headers = process.env.TOKEN ? { Authorization: `Bearer ${process.env.TOKEN}` } : {};
const loki = new LokiTransport({
  host,
  headers,
  json: form === 'json',
  interval: 1,
  labels: { app: 'winston', form },
  format: winston.format.printf(({ message }) => message),
  onConnectionError: (error) => {
    console.error(error);
    process.exit(1);
  },
});
const logger = winston.createLogger({ transports: [loki] });
for (let i = 0; i < Number(count); ++i) logger.log(i % 2 ? 'error' : 'info', `${text} ${i}`);
// What was logged reaches the transport in this turn of the loop.
setImmediate(async () => {
  await loki.flush();
  process.exit(0);
});
