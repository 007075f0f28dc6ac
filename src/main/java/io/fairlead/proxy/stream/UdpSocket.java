package io.fairlead.proxy.stream;

import io.fairlead.proxy.Loop;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A socket that clients send datagrams to: finds or begins the session of each, by the sender's
 * address. Everything here happens on the loop of the socket.
 */
final class UdpSocket extends ChannelInboundHandlerAdapter {
  private static final System.Logger LOG = System.getLogger(UdpSocket.class.getName());

  private final Loop loop;
  private final UdpListenerState listener;

  /** As many as the listener admits. */
  private final Map<InetSocketAddress, UdpSession> sessions = new HashMap<>();

  /** Of those, how many each address has. */
  private final Map<InetAddress, Integer> perClient = new HashMap<>();

  /** To be flushed when all that has come has been read. */
  private final List<UdpSession> written = new ArrayList<>();

  private @Nullable ChannelHandlerContext context;
  private @Nullable DatagramOutput output;

  UdpSocket(Loop loop, UdpListenerState listener) {
    this.loop = loop;
    this.listener = listener;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    output = new DatagramOutput(added.channel());
    listener.opened(this, loop.index());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    DatagramPacket packet = (DatagramPacket) message;
    try {
      ByteBuf content = packet.content();
      listener.counters().add(loop.index(), ListenerCounter.BYTES_IN, content.readableBytes());
      if (content.readableBytes() > listener.policy().udp().datagramBytes()) {
        count(ErrorReason.DATAGRAM_TOO_LONG);
        return;
      }
      UdpSession session = sessions.get(packet.sender());
      if (session == null) {
        session = begin(packet.sender());
      }
      if (session != null && session.forward(content)) {
        written.add(session);
      }
    } finally {
      packet.release();
    }
  }

  private @Nullable UdpSession begin(InetSocketAddress client) {
    if (listener.isDraining()) {
      return null;
    }
    UdpPolicy policy = listener.policy();
    int open = perClient.getOrDefault(client.getAddress(), 0);
    if (open >= policy.udp().sessionsPerClient()) {
      listener.counters().increment(loop.index(), ListenerCounter.CONNECTIONS_REFUSED);
      count(ErrorReason.OVERLOADED);
      return null;
    }
    if (!listener.begins(loop.index())) {
      count(ErrorReason.OVERLOADED);
      return null;
    }
    perClient.put(client.getAddress(), open + 1);
    UdpSession session = new UdpSession(this, client, policy);
    sessions.put(client, session);
    return session;
  }

  /** Called by the session that has ended. */
  void ended(UdpSession session, InetSocketAddress client) {
    if (sessions.remove(client, session)) {
      perClient.computeIfPresent(client.getAddress(), (_, open) -> open == 1 ? null : open - 1);
      listener.ended(loop.index());
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    written.forEach(UdpSession::flush);
    written.clear();
  }

  /** Sends an answer, at the latest by {@link #flush}; the content stays the caller's. */
  void reply(ByteBuf content, InetSocketAddress client) {
    if (context().channel().isWritable()) {
      listener.counters().add(loop.index(), ListenerCounter.BYTES_OUT, content.readableBytes());
      output().send(content, client);
    } else {
      count(ErrorReason.OVERLOADED); // nobody waits for a datagram: it is lost like any other
    }
  }

  void flush() {
    output().flush();
  }

  void count(ErrorReason reason) {
    listener.errors().increment(loop.index(), reason);
  }

  void countFailed() {
    listener.counters().increment(loop.index(), ListenerCounter.RELAYS_FAILED);
  }

  void countBegun() {
    listener.counters().increment(loop.index(), ListenerCounter.REQUESTS);
  }

  Loop loop() {
    return loop;
  }

  UdpListenerState listener() {
    return listener;
  }

  void endAll() {
    List.copyOf(sessions.values()).forEach(UdpSession::end);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    endAll();
    listener.closed(this, loop.index());
  }

  /** An answer could not be sent to one client: the others have nothing to do with that. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof IOException)) {
      LOG.log(Level.ERROR, "a datagram was dropped by a mistake of ours", cause);
    }
  }

  private DatagramOutput output() {
    DatagramOutput present = output;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }

  private ChannelHandlerContext context() {
    ChannelHandlerContext present = context;
    if (present == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return present;
  }
}
