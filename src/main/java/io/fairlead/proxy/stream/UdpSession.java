package io.fairlead.proxy.stream;

import io.fairlead.config.UdpConfig;
import io.fairlead.proxy.BulkReader;
import io.fairlead.proxy.ChannelSetup;
import io.fairlead.proxy.ClientAddress;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.proxy.http.ServiceTarget;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RouteCounter;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.Socket;
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
  private @Nullable Upstream upstream;
  private boolean failed;
  private boolean over;
  private final SessionRecord record;

  /** Of the first datagram and of the last, in either direction; 0: there was none. */
  private long firstNanos;

  private long lastNanos;

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
    record =
        new SessionRecord(
            RecordLayout.DATAGRAMS,
            RecordLayout.UDP,
            socket.listener().recordName(),
            SessionRecord.NO_NAME);
    socket.countBegun();
    policy.route().counters().increment(loop().index(), RouteCounter.REQUESTS);
  }

  private Loop loop() {
    return socket.loop();
  }

  /**
   * Sends a datagram to the node, at the latest by {@link #flush}; the content stays the caller's.
   *
   * @return false if it was dropped
   */
  boolean forward(ByteBuf content) {
    progress();
    Upstream to = upstream();
    Node at = node;
    if (to == null || at == null) {
      return false;
    }
    if (!to.channel.isWritable()) {
      count(ErrorReason.OVERLOADED);
      return false;
    }
    record.bytesIn(content.readableBytes());
    at.counters().add(loop().index(), NodeCounter.BYTES_SENT, content.readableBytes());
    if (policy.udp().responses() != UdpConfig.ANY) {
      expected += policy.udp().responses();
    }
    to.output.send(content, null);
    return true;
  }

  void flush() {
    Upstream to = upstream;
    if (to != null) {
      to.output.flush();
    }
    if (policy.udp().responses() == 0) {
      end();
    }
  }

  /** The way to a node that is up, or null if there is none. */
  private @Nullable Upstream upstream() {
    Node before = node;
    if (before != null && !failed && before.isMember() && before.facts().up()) {
      return upstream;
    }
    leaveNode();
    failed = false;
    int hash = ClientAddress.hash(client.getAddress());
    ServiceTarget target = policy.route().target();
    Node picked = target.balancer().pick(hash, before, loop().random());
    if (picked == null) {
      return none(ErrorReason.NO_NODE);
    }
    Node free = target.claimRelayed(picked, before, loop().random());
    if (free == null) {
      return none(ErrorReason.OVERLOADED);
    }
    InetSocketAddress address = free.socketAddress();
    if (address == null) {
      free.requestFinished();
      return none(ErrorReason.NO_NODE);
    }
    return connect(free, address);
  }

  private @Nullable Upstream none(ErrorReason reason) {
    count(reason);
    socket.countFailed();
    end();
    return null;
  }

  private @Nullable Upstream connect(Node picked, InetSocketAddress address) {
    Channel channel;
    try {
      channel = loop().newDatagramChannel(address, policy.udp().datagramBytes());
    } catch (ChannelException e) { // out of file descriptors, mostly
      picked.requestFinished();
      count(ErrorReason.OVERLOADED);
      end();
      return null;
    }
    ChannelSetup.apply(channel, loop());
    channel.config().setRecvByteBufAllocator(loop().datagramAllocator());
    Upstream made = new Upstream(channel);
    channel.pipeline().addLast(made);
    channel.attr(BulkReader.KEY).set(made);
    node = picked;
    record.picked(picked);
    upstream = made;
    picked.connectionOpened();
    channel.closeFuture().addListener(closed -> picked.connectionClosed());
    picked.counters().increment(loop().index(), NodeCounter.REQUESTS);
    loop().eventLoop().register(channel);
    // Sends nothing and waits for nothing: it is known at once whether there is a way.
    channel
        .connect(address)
        .addListener(connected -> {
          if (!connected.isSuccess() && made.isCurrent()) {
            failed(String.valueOf(connected.cause().getMessage()));
          }
        });
    return failed || over ? null : made;
  }

  private void leaveNode() {
    Node left = node;
    Upstream gone = upstream;
    node = null;
    upstream = null;
    if (left != null) {
      left.requestFinished();
    }
    if (gone != null) {
      gone.channel.close();
    }
  }

  /** The node's host, or one on the way, says that nobody is there. */
  private void failed(String reason) {
    Node at = node;
    if (at != null && !failed) {
      failed = true;
      at.counters().increment(loop().index(), NodeCounter.CONNECT_FAILED);
      count(ErrorReason.CONNECT_FAILED);
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
    progress();
    record.bytesOut(content.readableBytes());
    expected--;
    socket.reply(content, client);
  }

  private void count(ErrorReason reason) {
    record.failed(reason);
    socket.count(reason);
  }

  private void progress() {
    lastNanos = System.nanoTime();
    if (firstNanos == 0) {
      firstNanos = lastNanos;
    }
    loop().timers().set(timer, lastNanos + policy.limits().idleTimeout().toNanos());
  }

  void end() {
    if (!over) {
      over = true;
      record.end(loop(), client, policy.route(), firstNanos, lastNanos);
      loop().timers().cancel(timer);
      leaveNode();
      socket.ended(this, client);
    }
  }

  /** The socket that is connected to the node. */
  private final class Upstream extends ChannelInboundHandlerAdapter implements BulkReader {
    /** Datagrams read before the others get their turn, if the node sends many at once. */
    private static final int TURNS = 8;

    private final Channel channel;
    private final DatagramOutput output;
    private final @Nullable Socket direct;
    private int reads;

    /** The last time there was more than one datagram. */
    private boolean many;

    Upstream(Channel channel) {
      this.channel = channel;
      output = new DatagramOutput(channel);
      direct = channel instanceof EpollDatagramChannel epoll ? (Socket) epoll.fd() : null;
    }

    @SuppressWarnings("ReferenceEquality") // that very socket
    boolean isCurrent() {
      return upstream == this;
    }

    /**
     * Mostly there is one datagram, which a plain read takes without the lists and addresses of a
     * read of several. Whether there are more is only tried where there were some the last time,
     * and now and then: each try that finds none costs a call.
     */
    @Override
    public boolean readBulk() {
      Socket from = direct;
      if (from == null || !channel.isActive()) {
        return false;
      }
      int turns = many || (++reads & (TURNS - 1)) == 0 ? TURNS : 1;
      int count = 0;
      while (count < turns && channel.isActive() && read(from)) {
        count++;
      }
      many = count > 1;
      if (count > 0) {
        answered();
      }
      return count > 0;
    }

    /** False if there was nothing to read. */
    private boolean read(Socket from) {
      ByteBuf in = channel.unsafe().recvBufAllocHandle().allocate(channel.alloc());
      try {
        if (!in.hasMemoryAddress()) {
          return false;
        }
        int room = Math.min(in.writableBytes(), policy.udp().datagramBytes() + 1);
        int count = from.recvAddress(in.memoryAddress(), in.writerIndex(), in.writerIndex() + room);
        if (count == 0) {
          return false;
        }
        // An empty datagram reads like the end of a stream.
        in.writerIndex(in.writerIndex() + Math.max(count, 0));
        heard(in);
      } catch (IOException | RuntimeException e) {
        channel.pipeline().fireExceptionCaught(e);
      } finally {
        in.release();
      }
      return true;
    }

    private void heard(ByteBuf content) {
      if (content.readableBytes() > policy.udp().datagramBytes()) {
        socket.count(ErrorReason.DATAGRAM_TOO_LONG);
      } else if (!over && isCurrent()) {
        reply(content);
      }
    }

    private void answered() {
      socket.flush();
      if (policy.udp().responses() != UdpConfig.ANY && expected <= 0) {
        end();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      DatagramPacket packet = (DatagramPacket) message;
      try {
        heard(packet.content());
      } finally {
        packet.release();
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      answered();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      if (!(cause instanceof IOException)) {
        LOG.log(Level.ERROR, "a session was ended by a mistake of ours", cause);
        end();
      } else if (isCurrent()) {
        failed("port unreachable");
      }
    }
  }
}
