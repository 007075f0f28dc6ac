package io.fairlead.record.text;

import io.fairlead.config.HostPort;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.jspecify.annotations.Nullable;

/**
 * Lines over one connection. When it breaks, what the other side had read of the last 64 KiB is not
 * known: they are sent again, so that lines may be there twice rather than not at all.
 */
final class TcpTarget implements LineTarget {
  private static final System.Logger LOG = System.getLogger(TcpTarget.class.getName());
  private static final int CONNECT_MILLIS = 5_000;

  private final HostPort address;
  private volatile @Nullable Socket socket;

  TcpTarget(HostPort address) {
    this.address = address;
  }

  @Override
  public void write(Batch batch) throws IOException {
    Socket open = socket;
    try {
      if (open == null) {
        open = new Socket();
        socket = open;
        open.connect(new InetSocketAddress(address.host(), address.port()), CONNECT_MILLIS);
      }
      open.getOutputStream().write(batch.bytes().array(), 0, batch.bytes().size());
      batch.sent(batch.bytes().size());
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  @Override
  public void reopen() {}

  @Override
  public void close() {
    Socket open = socket;
    socket = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0}: {1}", address, e.getMessage());
      }
    }
  }
}
