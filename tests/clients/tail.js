// Tails with ws: node tail.js URL, in $CLIENTS, where its modules are. Prints a line of JSON for each
// entry that comes, each ping (which ws answers), and the close.
const { createRequire } = require('module');
const WebSocket = createRequire(process.env.CLIENTS + '/')('ws');

const print = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const socket = new WebSocket(process.argv[2]);
socket.on('open', () => print({ open: true }));
socket.on('ping', () => print({ ping: true }));
socket.on('message', (data) => {
  for (const { stream, values } of JSON.parse(data).streams) {
    for (const [ts, line] of values) print({ ts, line, stream, at: Date.now() });
  }
});
socket.on('close', (code, reason) => print({ closed: code, reason: reason.toString() }));
socket.on('error', (error) => print({ error: error.message }));
