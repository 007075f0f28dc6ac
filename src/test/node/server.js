// A WebSocket server that sends back what comes, but for "via?", which it answers with that field
// of the request, and "close! CODE". Says its port, then how each connection ended.
const { WebSocketServer } = require('ws');

const server = new WebSocketServer(
    { host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 0 } },
    () => console.log(server.address().port));
server.on('connection', (socket, request) => {
  socket.on('message', (data, binary) => {
    const [word, code] = binary ? [] : data.toString().split(' ');
    if (word === 'via?') socket.send(request.headers.via);
    else if (word === 'close!') socket.close(Number(code));
    else socket.send(data, { binary });
  });
  socket.on('error', (error) => console.log('error ' + error.message));
  socket.on('close', (code) => console.log('closed ' + code));
});
