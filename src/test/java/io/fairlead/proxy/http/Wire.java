package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;

/** One end of a connection, played by a test byte by byte. What is read is read strictly. */
public final class Wire implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 10_000;

  private final Socket socket;
  private final StrictReader in;

  public Wire(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MILLIS);
    in = new StrictReader(socket.getInputStream());
  }

  /** Connects as a client. */
  public static Wire to(InetSocketAddress address) throws IOException {
    return to(address, 0);
  }

  /**
   * Connects as a client whose kernel takes little.
   *
   * @param receiveBuffer bytes; 0: as the kernel likes
   */
  public static Wire to(InetSocketAddress address, int receiveBuffer) throws IOException {
    Socket socket = new Socket();
    if (receiveBuffer > 0) {
      socket.setReceiveBufferSize(receiveBuffer);
    }
    socket.connect(address, PATIENCE_MILLIS);
    return new Wire(socket);
  }

  public int localPort() {
    return socket.getLocalPort();
  }

  /** Sends the characters as bytes. */
  public Wire send(String bytes) throws IOException {
    return send(bytes.getBytes(ISO_8859_1));
  }

  public Wire send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** Reads a request with its body. */
  Received request() throws IOException, StrictReader.Doubt {
    Received request = requestHead();
    in.readRequestBody(request);
    return request;
  }

  Received requestHead() throws IOException, StrictReader.Doubt {
    Received request = new Received(0);
    if (!in.readRequestHead(request)) {
      throw new EOFException("closed instead of a request");
    }
    return request;
  }

  /** Reads a response with its body. */
  Received response() throws IOException, StrictReader.Doubt {
    return response(false);
  }

  /** Reads a response that has no body since it answers a HEAD request. */
  Received responseToHead() throws IOException, StrictReader.Doubt {
    return response(true);
  }

  private Received response(boolean toHead) throws IOException, StrictReader.Doubt {
    Received response = new Received(0);
    if (!in.readResponse(response, toHead)) {
      throw new EOFException("closed instead of a response");
    }
    return response;
  }

  /** Reads the head of a response and leaves its body to {@link #fill}. */
  Received responseHead() throws IOException, StrictReader.Doubt {
    Received response = new Received(0);
    in.readResponseHead(response);
    return response;
  }

  /** Reads a response that breaks off; the answer is as much of it as came. */
  Received brokenResponse() throws IOException, StrictReader.Doubt {
    Received response = new Received(0);
    try {
      boolean _ = in.readResponse(response, false);
    } catch (EOFException | SocketException _) {
      return response;
    }
    throw new AssertionError("complete: " + response);
  }

  /** Reads that many bytes of a tunnel or body. */
  public String raw(int count) throws IOException {
    return in.readRaw(count);
  }

  /** Fills the array with what comes. */
  public void fill(byte[] bytes) throws IOException {
    in.readFully(bytes);
  }

  /** Waits for the end; true if it comes before any further byte, by a close or by a reset. */
  public boolean ends() throws IOException {
    try {
      return in.read() < 0;
    } catch (SocketException _) {
      return true;
    }
  }

  /** Waits for the end; true if it is a reset, which nobody takes for a complete answer. */
  public boolean isReset() throws IOException {
    try {
      int _ = in.read();
      return false;
    } catch (SocketException _) {
      return true;
    }
  }

  /** Reads on until the peer ends the connection, in whatever way. */
  public void readToEnd() throws IOException {
    try {
      while (in.readSome().length > 0) {}
    } catch (SocketException _) {
      // a reset is an end, too
    }
  }

  /** Says that no more bytes will come from this side. */
  public void finish() throws IOException {
    socket.shutdownOutput();
  }

  /** Ends the connection as a kernel does for a process that is gone. */
  public void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
