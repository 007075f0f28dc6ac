// A WebSocket client: node client.js URL PINGS. Has messages of all kinds sent back, waits for that
// many pings, closes, and says what it saw.
const crypto = require('crypto');
const WebSocket = require('ws');

const [url, pings] = process.argv.slice(2);
const socket = new WebSocket(url, { perMessageDeflate: { threshold: 0 } });
const sent = [
  Buffer.from('hello'), Buffer.alloc(0), crypto.randomBytes(126), crypto.randomBytes(65536),
  crypto.randomBytes(1000000), Buffer.from('in three pieces')];
const got = [];
let pinged = 0;

socket.on('open', () => {
  sent.slice(0, -1).forEach((message, i) => socket.send(message, { binary: i > 0 }));
  socket.send('in ', { fin: false });
  socket.send('three ', { fin: false });
  socket.ping('of the client');
  socket.send('pieces', { fin: true });
});
socket.on('message', (data) => {
  got.push(data);
  end();
});
let pong = '';
socket.on('pong', (data) => {
  pong = data.toString();
  end();
});
socket.on('ping', () => {
  pinged++;
  end();
});
socket.on('error', (error) => console.log('error ' + error.message));
socket.on('close', (code) => console.log('closed ' + code));

function end() {
  if (got.length === sent.length && pong !== '' && pinged >= Number(pings)) {
    console.log(got.every((data, i) => data.equals(sent[i])) ? 'all came back' : 'changed');
    console.log('pong ' + pong);
    socket.close(1000);
  }
}
