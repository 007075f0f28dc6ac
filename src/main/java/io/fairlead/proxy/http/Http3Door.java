package io.fairlead.proxy.http;

import io.fairlead.config.HttpLimits;
import io.fairlead.proxy.ListenerEvent;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.tls.QuicTls;
import io.fairlead.proxy.tls.TlsListener;
import io.fairlead.telemetry.ListenerCounter;
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
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
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

  /** How long the process before may have connections that others are told of. */
  private static final long BEFORE_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** A loop that is not there: the library looks it up, whatever it is, unless it is too large. */
  private static final int NOBODY = Integer.MAX_VALUE;

  private static final System.Logger LOG = System.getLogger(Http3Door.class.getName());

  private static final SecureRandom RANDOM = new SecureRandom();

  /** Ends an attempt to connect; the library drops what came. */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    Refused() {
      super("refused", null, false, false);
    }
  }

  private static final AttributeKey<Loop> LOOP = AttributeKey.valueOf(Http3Door.class, "loop");

  private final QuicDoors doors;

  private final Dispatcher dispatcher = new Dispatcher();
  private final RetryTokens tokens = new RetryTokens();
  private volatile HttpListenerState listener;
  private volatile boolean shut;
  private volatile boolean closed;

  /** Tells what we name from now on from what others have named. */
  private volatile int tag;

  private volatile @Nullable Before before;

  /** Where datagrams for connections of the process before are passed on to. */
  private record Before(int tag, InetSocketAddress address, long sinceNanos) {}

  /** Of each socket, in the order of the loops. */
  private final List<Gate> gates = new CopyOnWriteArrayList<>();

  /** Open by it; loops add and remove, whoever shuts the door looks. */
  private final Set<QuicChannel> connections = ConcurrentHashMap.newKeySet();

  private Http3Door(HttpListenerState listener, QuicDoors doors) {
    this.listener = listener;
    this.doors = doors;
  }

  /**
   * A new door, which has no socket yet.
   *
   * @param doors all of this process; it is one of them until it is closed
   */
  public static Http3Door open(HttpListenerState listener, QuicDoors doors) {
    Http3Door door = new Http3Door(listener, doors);
    door.nameAnew();
    return door;
  }

  /** Its sockets close. */
  public void close() {
    closed = true;
    doors.remove(this);
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
    Gate gate = new Gate(loop.index());
    gates.add(gate);
    socket.pipeline().addLast(gate);
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

  /** Whoever comes in from now on has a name with another tag; who is in keeps the one he has. */
  void nameAnew() {
    tag = doors.open(this);
    if (closed) {
      doors.remove(this);
    }
  }

  /** Of connections that are here, or with the process before. */
  List<Integer> tags() {
    Before known = before;
    return known == null || System.nanoTime() - known.sinceNanos() > BEFORE_NANOS
        ? List.of(tag)
        : List.of(tag, known.tag());
  }

  /** Datagrams for what another process has named go there from now on. */
  public void passOn(int theirs, InetSocketAddress address) {
    before = new Before(theirs, address, System.nanoTime());
    doors.add(theirs, this);
  }

  /** Takes what the next process passes on, as if it had come by the first of our sockets. */
  public ChannelHandler takesOver(InetSocketAddress here) {
    return new QuicForward(
        here,
        passed -> {
          take(0, passed);
          taken(0);
        });
  }

  /**
   * What another one has passed on, because we have named its connection.
   *
   * @param loop by which it has come
   */
  void take(int loop, QuicForward.Passed passed) {
    List<Gate> present = gates;
    if (present.isEmpty()) { // it is just being opened, and has named nobody
      passed.content().release();
    } else {
      present.get(loop % present.size()).take(passed);
    }
  }

  /** No more has come at once. */
  void taken(int loop) {
    List<Gate> present = gates;
    if (!present.isEmpty()) {
      present.get(loop % present.size()).taken();
    }
  }

  /** Whether clients come in by it at that address. */
  boolean isOpenAt(SocketAddress address) {
    return !shut && !closed && !listener.isDraining() && isAt(address);
  }

  private boolean isAt(SocketAddress address) {
    for (Gate gate : gates) {
      ChannelHandlerContext ctx = gate.place;
      if (ctx != null && address.equals(ctx.channel().localAddress())) {
        return true;
      }
    }
    return false;
  }

  /** What has come by a socket of another door for the same address. */
  private void hand(int loop, DatagramPacket packet) {
    gates.get(loop % gates.size()).hand(packet); // it is at an address, so it has some
  }

  /** Whether nobody is in. */
  public boolean isEmpty() {
    return connections.isEmpty();
  }

  /**
   * Keeps the first datagrams of new connections out when nobody is to come any more, passes those
   * on that belong to connections of the process before or of another instance, and drops what is
   * no datagram of QUIC, over which the library (4.2.18) stumbles.
   *
   * <p>Where HTTP/3 was switched off and on again while somebody was still in, two doors have
   * sockets at one address. The kernel deals clients out among all of them, and anew whenever one
   * opens or closes: each door hands the other what is for it.
   */
  private final class Gate extends ChannelInboundHandlerAdapter {
    private final int loop;
    private volatile @Nullable ChannelHandlerContext place;
    private boolean passedOn;
    private boolean passedFar;

    /** Somebody behind has stumbled over what it was given. */
    private boolean failed;

    Gate(int loop) {
      this.loop = loop;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      place = ctx;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      DatagramPacket packet = (DatagramPacket) message;
      if (!QuicIds.isOfQuic(packet.content())) {
        packet.release();
        return;
      }
      int theirs = QuicIds.tagOf(packet.content());
      if (theirs < 0 || theirs == tag) {
        letIn(ctx, packet);
      } else if (!isPassedOn(ctx, packet, theirs, true)) {
        Http3Door its = doors.find(theirs);
        if (its != null && its != Http3Door.this && its.isAt(ctx.channel().localAddress())) {
          its.hand(loop, packet);
        } else {
          letIn(ctx, packet);
        }
      }
    }

    void hand(DatagramPacket packet) {
      ChannelHandlerContext ctx = place;
      if (ctx == null) {
        packet.release();
      } else if (ctx.executor().inEventLoop()) {
        letIn(ctx, packet);
        ctx.fireChannelReadComplete();
      } else {
        ctx.executor().execute(() -> hand(packet));
      }
    }

    /**
     * Passes a datagram on that is for a connection which is not here.
     *
     * @param far whether another instance may have it
     */
    private boolean isPassedOn(
        ChannelHandlerContext ctx, DatagramPacket packet, int theirs, boolean far) {
      Before known = before;
      if (known != null && theirs == known.tag()) {
        count(ListenerCounter.DATAGRAMS_PASSED_ON);
        passedOn = true;
        try {
          ChannelFuture _ =
              ctx.write(new DatagramPacket(QuicForward.wrap(ctx, packet), known.address()));
        } finally {
          packet.release();
        }
        return true;
      }
      InetSocketAddress there =
          far && doors.find(theirs) == null ? doors.members().find(theirs) : null;
      if (there == null) {
        return false;
      }
      try {
        if (doors.pass(loop, ctx, packet, there)) {
          passedFar = true;
          count(ListenerCounter.DATAGRAMS_PASSED_ON);
        } else {
          count(ListenerCounter.DATAGRAMS_LOST);
        }
      } finally {
        packet.release();
      }
      return true;
    }

    private void letIn(ChannelHandlerContext ctx, DatagramPacket packet) {
      if ((shut || listener.isDraining()) && QuicIds.isInitial(packet.content())) {
        Http3Door next = doors.openAt(ctx.channel().localAddress());
        if (next == null) {
          packet.release();
        } else {
          next.hand(loop, packet);
        }
        return;
      }
      failed = false;
      ctx.fireChannelRead(packet);
      if (failed && packet.refCnt() > 0) { // whoever stumbles does not give it back
        packet.release();
      }
    }

    private void count(ListenerCounter what) {
      listener.counters().increment(loop, what);
    }

    void take(QuicForward.Passed passed) {
      ChannelHandlerContext ctx = place;
      if (ctx == null || !(ctx.channel().localAddress() instanceof InetSocketAddress here)) {
        passed.content().release();
      } else if (ctx.executor().inEventLoop()) {
        take(ctx, new DatagramPacket(passed.content(), here, passed.sender()));
      } else {
        DatagramPacket packet = new DatagramPacket(passed.content(), here, passed.sender());
        ctx.executor().execute(() -> take(ctx, packet));
      }
    }

    private void take(ChannelHandlerContext ctx, DatagramPacket packet) {
      int theirs = QuicIds.isOfQuic(packet.content()) ? QuicIds.tagOf(packet.content()) : -1;
      if (theirs >= 0 && isPassedOn(ctx, packet, theirs, false)) {
        return;
      }
      if (theirs < 0 || doors.find(theirs) != Http3Door.this) {
        packet.release(); // it begins something, or is not for us: nobody passes that on
        return;
      }
      count(ListenerCounter.DATAGRAMS_TAKEN);
      letIn(ctx, packet);
    }

    void taken() {
      ChannelHandlerContext ctx = place;
      if (ctx != null && ctx.executor().inEventLoop()) {
        channelReadComplete(ctx);
      } else if (ctx != null) {
        ctx.executor().execute(() -> channelReadComplete(ctx));
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
      if (passedFar) {
        passedFar = false;
        doors.flush(loop);
      }
      ctx.fireChannelReadComplete();
    }
  }

  private final class Dispatcher extends QuicCodecDispatcher {
    Dispatcher() {
      super(QuicIds.BYTES);
    }

    @Override
    protected QuicConnectionIdGenerator newIdGenerator(int index) {
      return new Identifiers(index);
    }

    @Override
    protected int decodeIndex(ByteBuf id) {
      int theirs = QuicIds.tagIn(id);
      return theirs == tag || (theirs >= 0 && doors.find(theirs) == Http3Door.this)
          ? QuicIds.loopIn(id)
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

  /** Names that we give to connections. */
  private final class Identifiers implements QuicConnectionIdGenerator {
    private final int index;

    Identifiers(int index) {
      this.index = index;
    }

    @Override
    public ByteBuffer newId(int length) {
      if (length != QuicIds.BYTES) {
        throw new IllegalArgumentException("a name of " + length + " bytes");
      }
      return ByteBuffer.wrap(QuicIds.make(tag, index, RANDOM));
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
      return QuicIds.BYTES;
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
