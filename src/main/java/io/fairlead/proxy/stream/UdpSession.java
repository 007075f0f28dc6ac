package io.fairlead.proxy.stream;

import io.fairlead.config.UdpConfig;
import io.fairlead.proxy.ChannelSetup;
import io.fairlead.proxy.ClientAddress;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What one client address sends, and the node it goes to. The node is picked with the first
 * datagram and stays, until it is down, gone, or its host says that nobody listens; then the next
 * datagram goes to another.
 */
final class UdpSession {
  private static final System.Logger LOG = System.getLogger(UdpSession.class.getName());

  private final UdpSocket socket;
  private final InetSocketAddress client;
  private final UdpPolicy policy;
  private @Nullable Node node;
  private @Nullable Channel upstream;
  private boolean failed;
  private boolean over;

  /** Responses that are still to come; counts only where their number is known. */
  private long expected;

  private final TimerWheel.Timer timer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          end();
        }
      };

  UdpSession(UdpSocket socket, InetSocketAddress client, UdpPolicy policy) {
    this.socket = socket;
    this.client = client;
    this.policy = policy;
    socket.countBegun();
    policy.route().counters().increment(loop().index(), RouteCounter.REQUESTS);
  }

  private Loop loop() {
    return socket.loop();
  }

  /**
   * Writes a datagram to the node; {@link #flush} sends it.
   *
   * @return false if it was dropped
   */
  boolean forward(ByteBuf content) {
    Channel to = upstream();
    Node at = node;
    if (to == null || at == null) {
      return false;
    }
    loop().timers().set(timer, System.nanoTime() + policy.limits().idleTimeout().toNanos());
    if (!to.isWritable()) {
      socket.count(ErrorReason.OVERLOADED);
      return false;
    }
    at.counters().add(loop().index(), NodeCounter.BYTES_SENT, content.readableBytes());
    if (policy.udp().responses() != UdpConfig.ANY) {
      expected += policy.udp().responses();
    }
    to.write(content.retain(), to.voidPromise());
    return true;
  }

  void flush() {
    Channel to = upstream;
    if (to != null) {
      to.flush();
    }
    if (policy.udp().responses() == 0) {
      end();
    }
  }

  /** The way to a node that is up, or null if there is none. */
  private @Nullable Channel upstream() {
    Node before = node;
    if (before != null && !failed && before.isMember() && before.facts().up()) {
      return upstream;
    }
    leaveNode();
    failed = false;
    int hash = ClientAddress.hash(client.getAddress());
    Node picked = policy.route().target().balancer().pick(hash, before, loop().random());
    InetSocketAddress address = picked == null ? null : picked.socketAddress();
    if (picked == null || address == null) {
      socket.count(ErrorReason.NO_NODE);
      socket.countFailed();
      end();
      return null;
    }
    return connect(picked, address);
  }

  private @Nullable Channel connect(Node picked, InetSocketAddress address) {
    Channel channel;
    try {
      channel = loop().newDatagramChannel(address, policy.udp().datagramBytes());
    } catch (ChannelException e) { // out of file descriptors, mostly
      socket.count(ErrorReason.OVERLOADED);
      end();
      return null;
    }
    ChannelSetup.apply(channel, loop());
    channel.config().setRecvByteBufAllocator(loop().sessionAllocator());
    channel.pipeline().addLast(new Upstream());
    node = picked;
    upstream = channel;
    picked.requestStarted();
    picked.connectionOpened();
    channel.closeFuture().addListener(closed -> picked.connectionClosed());
    picked.counters().increment(loop().index(), NodeCounter.REQUESTS);
    loop().eventLoop().register(channel);
    // Sends nothing and waits for nothing: it is known at once whether there is a way.
    channel
        .connect(address)
        .addListener(connected -> {
          if (!connected.isSuccess() && channel.equals(upstream)) {
            failed(String.valueOf(connected.cause().getMessage()));
          }
        });
    return failed || over ? null : channel;
  }

  private void leaveNode() {
    Node left = node;
    Channel channel = upstream;
    node = null;
    upstream = null;
    if (left != null) {
      left.requestFinished();
    }
    if (channel != null) {
      channel.close();
    }
  }

  /** The node's host, or one on the way, says that nobody is there. */
  private void failed(String reason) {
    Node at = node;
    if (at != null && !failed) {
      failed = true;
      at.counters().increment(loop().index(), NodeCounter.CONNECT_FAILED);
      socket.count(ErrorReason.CONNECT_FAILED);
      socket.countFailed();
      if (policy.probed()) {
        socket.listener().signals().connectionFailed(at, reason, true);
      }
    }
  }

  private void reply(ByteBuf content) {
    Node at = node;
    if (at != null) {
      at.counters().add(loop().index(), NodeCounter.BYTES_RECEIVED, content.readableBytes());
    }
    loop().timers().set(timer, System.nanoTime() + policy.limits().idleTimeout().toNanos());
    expected--;
    socket.reply(content.retain(), client);
  }

  void end() {
    if (!over) {
      over = true;
      loop().timers().cancel(timer);
      leaveNode();
      socket.ended(this, client);
    }
  }

  /** Hears the node. */
  private final class Upstream extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      DatagramPacket packet = (DatagramPacket) message;
      try {
        ByteBuf content = packet.content();
        if (content.readableBytes() > policy.udp().datagramBytes()) {
          socket.count(ErrorReason.DATAGRAM_TOO_LONG);
        } else if (!over && ctx.channel().equals(upstream)) {
          reply(content);
        }
      } finally {
        packet.release();
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      socket.flush();
      if (policy.udp().responses() != UdpConfig.ANY && expected <= 0) {
        end();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      if (!(cause instanceof IOException)) {
        LOG.log(Level.ERROR, "a session was ended by a mistake of ours", cause);
        end();
      } else if (ctx.channel().equals(upstream)) {
        failed("port unreachable");
      }
    }
  }
}
