package io.fairlead;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Arrays;

/**
 * Cuts the first record that is written, a ClientHello, into records of a few bytes, each in a
 * segment of its own; a handshake is the same in whatever records it comes (RFC 8446, 5.1).
 */
final class PieceSocket extends Socket {
  private final int size;

  PieceSocket(int port, int size) throws IOException {
    super(InetAddress.getLoopbackAddress(), port);
    setTcpNoDelay(true);
    this.size = size;
  }

  @Override
  public OutputStream getOutputStream() throws IOException {
    OutputStream to = super.getOutputStream();
    return new FilterOutputStream(to) {
      private boolean first = true;

      @Override
      public void write(byte[] bytes, int start, int count) throws IOException {
        if (!first || bytes[start] != 22) {
          to.write(bytes, start, count);
          return;
        }
        first = false;
        int end = start + 5 + ((bytes[start + 3] & 0xff) << 8 | (bytes[start + 4] & 0xff));
        for (int at = start + 5; at < end; at += size) {
          byte[] piece = Arrays.copyOfRange(bytes, at, Math.min(at + size, end));
          to.write(new byte[] {22, 3, 1, (byte) (piece.length >> 8), (byte) piece.length});
          to.write(piece);
          to.flush();
        }
        to.write(bytes, end, start + count - end);
      }
    };
  }
}
