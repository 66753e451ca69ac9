// Logs with pino-loki: node pino.js URL COUNT TEXT, in $CLIENTS, where its modules are. It ends when
// all is sent; what goes wrong is on standard error.
const { createRequire } = require('module');
const load = createRequire(process.env.CLIENTS + '/');
const pino = load('pino');
const { pinoLoki } = load('pino-loki');

const [host, count, text] = process.argv.slice(2);
const transport = pinoLoki({
  host,
  batching: true,
  interval: 1,
  labels: { app: 'pino' },
  structuredMetaKey: 'meta',
});
const logger = pino({ level: 'debug' }, transport);
for (let i = 0; i < Number(count); ++i) logger.info({ meta: { number: String(i) } }, `${text} ${i}`);
transport.end();
