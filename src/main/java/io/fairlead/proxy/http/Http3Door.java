package io.fairlead.proxy.http;

import io.fairlead.config.HttpLimits;
import io.fairlead.proxy.ListenerEvent;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.tls.QuicTls;
import io.fairlead.proxy.tls.TlsListener;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.quic.EpollQuicUtils;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicChannelOption;
import io.netty.handler.codec.quic.QuicCodecDispatcher;
import io.netty.handler.codec.quic.QuicConnectionIdGenerator;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.QuicSslEngine;
import io.netty.util.AttributeKey;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the sockets for datagrams of one address share, one socket for each event loop: where
 * clients come in by QUIC. The kernel deals clients out by their addresses; a client whose address
 * has changed may come by another socket, and its datagrams go to the loop that has its connection,
 * whose number is in the identifier that we gave the connection.
 */
public final class Http3Door {
  /** Bytes of a datagram that we send: what fits through tunnels, too. */
  private static final int DATAGRAM_BYTES = 1350;

  /** Of streams that go one way: settings, and the state of tables that we do not use. */
  private static final int CONTROL_BYTES = 16 * 1024;

  private static final int CONTROL_STREAMS = 8;

  /** Of a client's that we remember: each change of its address uses one up. */
  private static final int IDENTIFIERS = 8;

  /** Datagrams that are handed to the kernel at once, where it takes several as one. */
  private static final int SEGMENTS = 16;

  /** Ours ends an idle connection first, and says so. */
  private static final Duration IDLE_MARGIN = Duration.ofSeconds(10);

  /** Of the names that we give to connections. */
  private static final int ID_BYTES = 20;

  /** Where such a name is in a datagram whose header is long, behind its length. */
  private static final int LONG_HEADER_ID = 6;

  /** A loop that is not there: the library looks it up, whatever it is, unless it is too large. */
  private static final int NOBODY = Integer.MAX_VALUE;

  private static final System.Logger LOG = System.getLogger(Http3Door.class.getName());

  private static final SecureRandom RANDOM = new SecureRandom();

  private static final int SHORT_HEADER = 0x80;
  private static final int TYPE = 0xB0;
  private static final int INITIAL = 0x80;

  /** Ends an attempt to connect; the library drops what came. */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    Refused() {
      super("refused", null, false, false);
    }
  }

  private static final AttributeKey<Loop> LOOP = AttributeKey.valueOf(Http3Door.class, "loop");

  /** Tells what we have named from what others have. */
  private final int tag = RANDOM.nextInt(1 << 16);

  private final Dispatcher dispatcher = new Dispatcher();
  private final RetryTokens tokens = new RetryTokens();
  private volatile HttpListenerState listener;
  private volatile boolean shut;
  private volatile @Nullable Before before;

  /** Where datagrams for connections of the process before are passed on to. */
  private record Before(int tag, InetSocketAddress address) {}

  /** Open by it; loops add and remove, whoever shuts the door looks. */
  private final Set<QuicChannel> connections = ConcurrentHashMap.newKeySet();

  public Http3Door(HttpListenerState listener) {
    this.listener = listener;
  }

  /**
   * Whether this machine has the library.
   *
   * @return null: it has; otherwise why not
   */
  public static @Nullable String missing() {
    if (Quic.isAvailable()) {
      return null;
    }
    Throwable cause = Quic.unavailabilityCause();
    for (Throwable one = cause; one != null; one = one.getCause()) {
      if (one.getCause() == null) {
        return String.valueOf(one.getMessage());
      }
    }
    return String.valueOf(cause);
  }

  /** Puts the handlers into the pipeline of a socket that is not registered yet. */
  public void install(Channel socket, Loop loop) {
    socket.pipeline().addLast(new Gate());
    socket.attr(LOOP).set(loop);
    socket.pipeline().addLast(dispatcher);
  }

  /** Connections that come from now on belong to another listener. */
  public void setListener(HttpListenerState next) {
    listener = next;
  }

  /** Nobody new is let in, and those who are in are told to leave. */
  public void shut() {
    shut = true;
    connections.forEach(connection -> {
      if (connection.isRegistered()) {
        connection
            .eventLoop()
            .execute(() -> connection.pipeline().fireUserEventTriggered(ListenerEvent.LEAVE));
      }
    });
  }

  /** What is in the names that we give to connections. */
  public int tag() {
    return tag;
  }

  /** Datagrams for what another process has named go there from now on. */
  public void passOn(int theirs, InetSocketAddress address) {
    before = new Before(theirs, address);
  }

  /**
   * Takes what another process passes on.
   *
   * @param socket of ours, as if it had come by it
   */
  public ChannelHandler takesOver(Channel socket) {
    InetSocketAddress here = (InetSocketAddress) socket.localAddress();
    return new QuicForward(
        here,
        packet ->
            socket
                .eventLoop()
                .execute(() -> {
                  socket.pipeline().fireChannelRead(packet);
                  socket.pipeline().fireChannelReadComplete();
                }));
  }

  /** Whether nobody is in. */
  public boolean isEmpty() {
    return connections.isEmpty();
  }

  /**
   * Keeps the first datagrams of new connections out when nobody is to come any more, passes those
   * on that belong to connections of the process before, and drops what is no datagram of QUIC,
   * over which the library (4.2.18) stumbles.
   */
  private final class Gate extends ChannelInboundHandlerAdapter {
    private boolean passedOn;

    /** Somebody behind has stumbled over what it was given. */
    private boolean failed;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      DatagramPacket packet = (DatagramPacket) message;
      Before known = before;
      if (!isOfQuic(packet.content())) {
        packet.release();
      } else if (known != null && tagOf(packet.content()) == known.tag()) {
        try {
          ChannelFuture _ =
              ctx.write(new DatagramPacket(QuicForward.wrap(ctx, packet), known.address()));
          passedOn = true;
        } finally {
          packet.release();
        }
      } else if ((shut || listener.isDraining()) && isInitial(packet.content())) {
        packet.release();
      } else {
        failed = false;
        ctx.fireChannelRead(packet);
        if (failed && packet.refCnt() > 0) { // whoever stumbles does not give it back
          packet.release();
        }
      }
    }

    /** Behind all others: what comes from anybody must not fill a log. */
    private final class Last extends ChannelInboundHandlerAdapter {
      @Override
      public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        failed = true;
        LOG.log(Level.DEBUG, "a datagram of no use", cause);
      }
    }

    ChannelHandler last() {
      return new Last();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      if (passedOn) {
        passedOn = false;
        ctx.flush();
      }
      ctx.fireChannelReadComplete();
    }
  }

  /** Which process made the identifier that a datagram is for; -1: nobody knows. */
  private static int tagOf(ByteBuf datagram) {
    int start = datagram.readerIndex();
    int at = start + 1;
    if (datagram.isReadable() && (datagram.getByte(start) & SHORT_HEADER) != 0) {
      at = start + LONG_HEADER_ID;
      if (datagram.readableBytes() < LONG_HEADER_ID || datagram.getByte(at - 1) != ID_BYTES) {
        return -1;
      }
    }
    return datagram.writerIndex() - at < ID_BYTES ? -1 : datagram.getUnsignedShort(at);
  }

  /** Whether it is as long as what its first bytes say (RFC 9000, 17.2 and 17.3). */
  private static boolean isOfQuic(ByteBuf datagram) {
    int start = datagram.readerIndex();
    int length = datagram.readableBytes();
    if (length <= ID_BYTES) {
      return false;
    }
    if ((datagram.getByte(start) & SHORT_HEADER) == 0) {
      return true;
    }
    int theirs = datagram.getUnsignedByte(start + LONG_HEADER_ID - 1);
    int behind = LONG_HEADER_ID + theirs;
    if (theirs > ID_BYTES || length <= behind) {
      return false;
    }
    int own = datagram.getUnsignedByte(start + behind);
    return own <= ID_BYTES && length > behind + 1 + own;
  }

  /** RFC 9000, 17.2.2. */
  private static boolean isInitial(ByteBuf datagram) {
    return datagram.isReadable()
        && (datagram.getByte(datagram.readerIndex()) & SHORT_HEADER) != 0
        && (datagram.getByte(datagram.readerIndex()) & TYPE) == INITIAL;
  }

  private final class Dispatcher extends QuicCodecDispatcher {
    Dispatcher() {
      super(ID_BYTES);
    }

    @Override
    protected QuicConnectionIdGenerator newIdGenerator(int index) {
      return new Identifiers(tag, index);
    }

    @Override
    protected int decodeIndex(ByteBuf id) {
      int start = id.readerIndex();
      return id.readableBytes() == ID_BYTES && id.getUnsignedShort(start) == tag
          ? id.getUnsignedShort(start + 2)
          : NOBODY;
    }

    @Override
    protected void initChannel(
        Channel socket, int idLength, QuicConnectionIdGenerator idGenerator) {
      Loop loop = socket.attr(LOOP).get();
      HttpLimits limits = listener.policy().limits();
      QuicServerCodecBuilder builder =
          new QuicServerCodecBuilder()
              .localConnectionIdLength(idLength)
              .connectionIdAddressGenerator(idGenerator)
              .sslEngineProvider(connection -> admit(connection, loop))
              .tokenHandler(tokens)
              .maxIdleTimeout(
                  limits.idleTimeout().plus(IDLE_MARGIN).toMillis(), TimeUnit.MILLISECONDS)
              .maxSendUdpPayloadSize(DATAGRAM_BYTES)
              .initialMaxData(limits.connectionWindow())
              .initialMaxStreamDataBidirectionalRemote(limits.streamWindow())
              .initialMaxStreamDataUnidirectional(CONTROL_BYTES)
              .initialMaxStreamsBidirectional(limits.streams())
              .initialMaxStreamsUnidirectional(CONTROL_STREAMS)
              .activeMigration(true)
              .activeConnectionIdLimit(IDENTIFIERS)
              .handler(
                  new ChannelInitializer<QuicChannel>() {
                    @Override
                    protected void initChannel(QuicChannel connection) {
                      open(connection, loop);
                    }
                  });
      if (socket instanceof EpollDatagramChannel
          && EpollDatagramChannel.isSegmentedDatagramPacketSupported()) {
        builder.option(
            QuicChannelOption.SEGMENTED_DATAGRAM_PACKET_ALLOCATOR,
            EpollQuicUtils.newSegmentedAllocator(SEGMENTS));
      }
      socket.pipeline().addLast(builder.build(), socket.pipeline().get(Gate.class).last());
    }
  }

  /** Names that we give to connections: which process, which loop, and chance. */
  private record Identifiers(int tag, int index) implements QuicConnectionIdGenerator {
    @Override
    public ByteBuffer newId(int length) {
      byte[] id = new byte[length];
      RANDOM.nextBytes(id);
      ByteBuffer made = ByteBuffer.wrap(id);
      made.putShort(0, (short) tag).putShort(2, (short) index);
      return made;
    }

    @Override
    public ByteBuffer newId(ByteBuffer input, int length) {
      return newId(length);
    }

    @Override
    public ByteBuffer newId(ByteBuffer theirs, ByteBuffer wanted, int length) {
      return newId(length);
    }

    @Override
    public int maxConnectionIdLength() {
      return ID_BYTES;
    }

    @Override
    public boolean isIdempotent() {
      return false;
    }
  }

  /** A client wants in: what its handshake is to be done with. */
  private QuicSslEngine admit(QuicChannel connection, Loop loop) {
    HttpListenerState to = listener;
    TlsListener tls = to.tls();
    QuicTls quic = tls == null ? null : tls.quic();
    QuicSslEngine engine =
        quic == null || shut || to.isDraining() ? null : quic.newEngine(loop.allocator());
    if (engine == null || tls == null || !tls.begin(loop.index(), System.nanoTime())) {
      throw new Refused();
    }
    if (!to.admitQuic(connection, loop.index())) {
      tls.ended();
      throw new Refused();
    }
    connections.add(connection);
    ChannelFuture _ = connection.closeFuture().addListener(_ -> connections.remove(connection));
    HttpLoop its = to.loop(loop.index());
    its.touch();
    Http3ServerConnection made = new Http3ServerConnection(its, to, tls, connection, tokens);
    connection.attr(Http3ServerConnection.SELF).set(made);
    return engine;
  }

  private static void open(QuicChannel connection, Loop loop) {
    Http3ServerConnection made = connection.attr(Http3ServerConnection.SELF).get();
    connection.config().setAllocator(loop.allocator());
    connection.pipeline().addLast(made);
  }
}
