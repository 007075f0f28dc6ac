package io.fairlead.proxy;

import io.fairlead.proxy.http.Http3Door;
import io.netty.channel.Channel;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The sockets by which clients come by HTTP/3 to one address of a listener.
 *
 * @param door what they have in common
 * @param port where they are bound
 * @param channels one, or one for each event loop
 */
record Http3Sockets(Http3Door door, int port, List<Channel> channels) {
  private static final long LOOK_AGAIN_MILLIS = 50;

  Http3Sockets {
    channels = List.copyOf(channels);
  }

  /** Lets nobody new in, and closes when all have left, at the latest then. */
  void retire(long patienceNanos) {
    door.shut();
    look(System.nanoTime() + patienceNanos);
  }

  private void look(long deadline) {
    if (door.isEmpty() || System.nanoTime() - deadline >= 0) {
      close();
    } else {
      channels
          .getFirst()
          .eventLoop()
          .schedule(() -> look(deadline), LOOK_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  void close() {
    channels.forEach(Channel::close);
  }
}
