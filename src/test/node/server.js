// A WebSocket server that sends back what comes. Says its port, then how each connection ended.
const { WebSocketServer } = require('ws');

const server = new WebSocketServer(
    { host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 0 } },
    () => console.log(server.address().port));
server.on('connection', (socket) => {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
  socket.on('error', (error) => console.log('error ' + error.message));
  socket.on('close', (code) => console.log('closed ' + code));
});
