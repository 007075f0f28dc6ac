package io.fairlead.record.text;

import io.fairlead.config.HostPort;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** A datagram for each line. What is lost on the way is not known. */
final class UdpTarget implements LineTarget {
  private final HostPort address;
  private volatile @Nullable DatagramSocket socket;

  UdpTarget(HostPort address) {
    this.address = address;
  }

  @Override
  public void write(Batch batch) throws IOException {
    DatagramSocket open = socket;
    if (open == null) {
      open = new DatagramSocket();
      socket = open;
      open.connect(new InetSocketAddress(address.host(), address.port()));
    }
    try {
      while (!batch.isSent()) {
        int end = batch.endOfLine(batch.sent());
        open.send(new DatagramPacket(batch.bytes().array(), batch.sent(), end - batch.sent()));
        batch.sent(end);
      }
    } catch (IOException e) {
      close(); // the name may mean another address by now
      throw e;
    }
  }

  @Override
  public void reopen() {}

  @Override
  public void close() {
    DatagramSocket open = socket;
    socket = null;
    if (open != null) {
      open.close();
    }
  }
}
