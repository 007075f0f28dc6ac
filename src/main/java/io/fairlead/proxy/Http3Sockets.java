package io.fairlead.proxy;

import io.fairlead.proxy.http.Http3Door;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The sockets by which clients come by HTTP/3 to one address of a listener.
 *
 * @param door what they have in common
 * @param port where they are bound
 * @param channels one, or one for each event loop
 * @param side where the next process passes on what is for connections of this one; null: there is
 *     none yet
 */
record Http3Sockets(
    Http3Door door, int port, List<Channel> channels, AtomicReference<Channel> side) {
  /** A datagram and who sent it. */
  static final int SIDE_BYTES = 1600;

  private static final long LOOK_AGAIN_MILLIS = 50;

  Http3Sockets {
    channels = List.copyOf(channels);
  }

  Http3Sockets(Http3Door door, int port, List<Channel> channels) {
    this(door, port, channels, new AtomicReference<>());
  }

  /**
   * Opens where the next process may pass datagrams on.
   *
   * @return its port, or 0 if it could not be
   */
  int openSide(Loop loop) {
    Channel known = side.get();
    if (known == null) {
      InetSocketAddress at = new InetSocketAddress(loopback(), 0);
      known = loop.newDatagramChannel(at, SIDE_BYTES);
      ChannelSetup.apply(known, loop);
      known.config().setRecvByteBufAllocator(loop.datagramAllocator());
      known.pipeline().addLast(door.takesOver(bound()));
      loop.eventLoop().register(known).syncUninterruptibly();
      if (!known.bind(at).awaitUninterruptibly().isSuccess()) {
        known.close();
        return 0;
      }
      side.set(known);
    }
    return ((InetSocketAddress) known.localAddress()).getPort();
  }

  /** What the process before has named goes to it. */
  void passOn(int tag, int toPort) {
    door.passOn(tag, new InetSocketAddress(loopback(), toPort));
  }

  InetSocketAddress bound() {
    return (InetSocketAddress) channels.getFirst().localAddress();
  }

  /** Of the kind that the sockets can send to. */
  private InetAddress loopback() {
    return InetAddress.ofLiteral(
        bound().getAddress() instanceof Inet4Address ? "127.0.0.1" : "::1");
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
    door.close();
    channels.forEach(Channel::close);
    Channel beside = side.get();
    if (beside != null) {
      ChannelFuture _ = beside.close();
    }
  }
}
