package io.fairlead.vip.bgp;

import io.fairlead.config.BgpConfig;
import io.fairlead.config.Secret;
import io.fairlead.runtime.Scheduler;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Carries bytes to and from routers, on one thread for all. What has come is handed over, a
 * mebibyte at most, and more is read when it has been dealt with: a flood waits in the router.
 */
final class BgpLines implements BgpLine.Opener, AutoCloseable {
  /** For the last message of a line whose router reads nothing. */
  private static final long LAST_MILLIS = 1000;

  private static final int IPPROTO_IP = 0;
  private static final int IPPROTO_IPV6 = 41;

  // All hops that a packet may make, and those it must have left when it comes (ip(7), ipv6(7)).
  private static final IntegerUnixChannelOption TTL =
      new IntegerUnixChannelOption("IP_TTL", IPPROTO_IP, 2);
  private static final IntegerUnixChannelOption LEAST_TTL =
      new IntegerUnixChannelOption("IP_MINTTL", IPPROTO_IP, 21);
  private static final IntegerUnixChannelOption HOPS =
      new IntegerUnixChannelOption("IPV6_UNICAST_HOPS", IPPROTO_IPV6, 16);
  private static final IntegerUnixChannelOption LEAST_HOPS =
      new IntegerUnixChannelOption("IPV6_MINHOPCOUNT", IPPROTO_IPV6, 73);
  private static final int ALL_HOPS = 255;

  private final Scheduler clock;
  private volatile @Nullable MultiThreadIoEventLoopGroup group;
  private Set<InetAddress> virtual = Set.of();
  private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

  BgpLines(Scheduler clock) {
    this.clock = clock;
  }

  /** These are not this machine's own. */
  void avoid(Set<InetAddress> addresses) {
    virtual = Set.copyOf(addresses);
  }

  @Override
  public BgpLine open(BgpConfig.Peer peer, BgpLine.Heard heard) {
    boolean special = peer.password().isPresent() || peer.ttlSecurity();
    if (special && !Epoll.isAvailable()) {
      clock.execute(() -> heard.ended("password and ttl-security need Linux"));
      return new Line(heard);
    }
    MultiThreadIoEventLoopGroup present = group;
    if (present == null) {
      present =
          new MultiThreadIoEventLoopGroup(
              1,
              new DefaultThreadFactory("bgp", true),
              Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
      group = present;
    }
    Line line = new Line(heard);
    Bootstrap bootstrap =
        new Bootstrap()
            .group(present)
            .channel(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) BgpSession.PATIENCE.toMillis() + 1000)
            .handler(line);
    if (peer.password().isPresent()) {
      Secret secret = peer.password().get();
      Map<InetAddress, byte[]> keys =
          Map.of(peer.address(), secret.value().getBytes(StandardCharsets.US_ASCII));
      bootstrap.option(EpollChannelOption.TCP_MD5SIG, keys);
    }
    if (peer.ttlSecurity()) {
      boolean plain = peer.address() instanceof Inet4Address;
      bootstrap
          .option(plain ? TTL : HOPS, ALL_HOPS)
          .option(plain ? LEAST_TTL : LEAST_HOPS, ALL_HOPS);
    }
    ChannelFuture connecting =
        bootstrap.connect(new InetSocketAddress(peer.address(), peer.port()));
    line.channel = connecting.channel();
    open.add(connecting.channel());
    connecting.addListener((ChannelFuture done) -> {
      if (done.isSuccess()) {
        clock.execute(() -> line.connected());
      } else {
        String why = words(done.cause());
        clock.execute(() -> heard.ended(why));
      }
    });
    return line;
  }

  private static String words(@Nullable Throwable cause) {
    String text = cause == null ? "" : String.valueOf(cause.getMessage());
    if (cause instanceof ConnectException && text.contains("refused")) {
      return "it refuses the connection";
    }
    if (text.contains("reset")) {
      return "it reset the connection";
    }
    return cause instanceof IOException ? "cannot connect: " + text : "cannot connect: " + cause;
  }

  /** This machine's addresses where it leaves for a router. */
  private Map<BgpFamily, InetAddress> own(InetAddress local) {
    Map<BgpFamily, InetAddress> own = new EnumMap<>(BgpFamily.class);
    own.put(BgpFamily.of(local), local);
    try {
      NetworkInterface there = NetworkInterface.getByInetAddress(local);
      if (there != null && !there.isLoopback()) {
        for (InetAddress one : Collections.list(there.getInetAddresses())) {
          InetAddress plain = plain(one);
          if (!one.isLinkLocalAddress() && !virtual.contains(plain)) {
            own.putIfAbsent(BgpFamily.of(plain), plain);
          }
        }
      }
    } catch (IOException _) {
      // Gone meanwhile: the one that is known has to do.
    }
    return own;
  }

  /** Without the name of the interface. */
  private static InetAddress plain(InetAddress address) throws IOException {
    return InetAddress.getByAddress(address.getAddress());
  }

  private final class Line extends ChannelInboundHandlerAdapter implements BgpLine {
    private final BgpLine.Heard heard;
    private final AtomicLong waiting = new AtomicLong();
    private volatile @Nullable Channel channel;
    private volatile boolean closing;

    private Line(BgpLine.Heard heard) {
      this.heard = heard;
    }

    private void connected() {
      Channel here = channel;
      if (here != null && here.localAddress() instanceof InetSocketAddress local) {
        heard.connected(own(local.getAddress()));
        here.read();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf in = (ByteBuf) message;
      if (closing) {
        in.release();
        return;
      }
      byte[] bytes = new byte[in.readableBytes()];
      in.readBytes(bytes);
      in.release();
      clock.execute(() -> heard.received(bytes));
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      clock.execute(() -> {
        if (context.channel().isActive() && !closing) {
          context.channel().read();
        }
      });
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      clock.execute(() -> heard.ended("it closed the connection"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      String why = words(cause);
      clock.execute(() -> heard.ended(why));
      context.close();
    }

    @Override
    public void send(byte[] message) {
      Channel here = channel;
      if (here != null) {
        waiting.addAndGet(message.length);
        here.writeAndFlush(Unpooled.wrappedBuffer(message))
            .addListener(_ -> waiting.addAndGet(-message.length));
      }
    }

    @Override
    public long waiting() {
      return waiting.get();
    }

    @Override
    public void close() {
      Channel here = channel;
      closing = true;
      if (here == null || !here.isActive()) {
        if (here != null) {
          here.close();
        }
        return;
      }
      // Whoever closes with something unread takes back what was sent last: the router goes first.
      here.writeAndFlush(Unpooled.EMPTY_BUFFER)
          .addListener(_ -> {
            if (here instanceof DuplexChannel both) {
              both.shutdownOutput();
            }
            here.config().setAutoRead(true);
          });
      Future<?> _ =
          here.eventLoop().schedule(() -> here.close(), LAST_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public void close() {
    MultiThreadIoEventLoopGroup present = group;
    if (present != null) {
      boolean _ = open.newCloseFuture().awaitUninterruptibly(LAST_MILLIS, TimeUnit.MILLISECONDS);
      Future<?> ending =
          present.shutdownGracefully(0, Duration.ofSeconds(2).toMillis(), TimeUnit.MILLISECONDS);
      boolean _ = ending.awaitUninterruptibly(LAST_MILLIS + 500, TimeUnit.MILLISECONDS);
    }
  }
}
