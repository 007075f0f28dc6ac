package io.fairlead.proxy;

import io.fairlead.config.HostPort;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.RuntimeConfig;
import io.fairlead.proxy.http.Http3Door;
import io.fairlead.proxy.http.HttpChallenges;
import io.fairlead.proxy.http.HttpListenerState;
import io.fairlead.proxy.http.HttpLoop;
import io.fairlead.proxy.http.HttpPolicy;
import io.fairlead.proxy.http.PoolDirectory;
import io.fairlead.proxy.http.QuicDoors;
import io.fairlead.proxy.stream.RoleSessions;
import io.fairlead.proxy.stream.StreamListenerState;
import io.fairlead.proxy.stream.StreamPolicy;
import io.fairlead.proxy.stream.UdpListenerState;
import io.fairlead.proxy.stream.UdpPolicy;
import io.fairlead.proxy.tls.TlsListener;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordRings;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The event loops and what runs on them. */
public final class DataPlane implements AutoCloseable {
  /** Direct memory only, cached per event loop. */
  static final PooledByteBufAllocator ALLOCATOR =
      new PooledByteBufAllocator(
          true, 0, Runtime.getRuntime().availableProcessors(), 8192, 8, 256, 64, false);

  /** Connections that are accepted have it from the socket that they came in by. */
  private static final ChannelOption<Integer> UNSENT =
      new IntegerUnixChannelOption("TCP_NOTSENT_LOWAT", 6, 25);

  /**
   * What the kernel keeps at most for a client that takes it slowly. It would be some megabytes
   * each, counted as sent: such an answer would seem to have ended when it had hardly begun.
   */
  private static final int UNSENT_BYTES = 1 << 20;

  private static final int BACKLOG = 4096;

  /** Addresses of this machine that get sockets for HTTP/3 of their own, beside the wildcard's. */
  private static final int MOST_ADDRESSES = 64;

  /** Clients that are let in before the others get their turn. */
  private static final int ACCEPTED_AT_ONCE = 16;

  /** No datagram of QUIC on the way through the Internet is larger. */
  private static final int QUIC_DATAGRAM = 1500;

  /** Asked for; the kernel gives what net.core.rmem_max allows. */
  private static final int DATAGRAM_BUFFER = 1024 * 1024;

  /**
   * What may wait for other instances at each loop, if the kernel does not take it: more is lost.
   */
  private static final WriteBufferWaterMark SIDE_WATER_MARK =
      new WriteBufferWaterMark(128 * 1024, 256 * 1024);

  private final TransportKind transport;
  private final LoopHandlers handlers;
  private final MultiThreadIoEventLoopGroup group;
  private final List<Loop> loops = new ArrayList<>();
  private final List<HttpLoop> httpLoops = new ArrayList<>();
  private final PoolDirectory directory;
  private final HttpChallenges challenges;
  private final NodeSignals signals;
  private final InstanceGuard guard = new InstanceGuard();
  private final InheritedSockets inherited = new InheritedSockets();
  private final RecordNames names = new RecordNames();
  private final QuicDoors quicDoors = new QuicDoors();

  /** By which datagrams go to other instances and come from them. */
  private volatile List<Channel> quicSide = List.of();

  private int nextLoop;

  /** What may be bound while the machine does not have it. */
  private volatile Set<InetAddress> absent = Set.of();

  /**
   * Starts the event loops.
   *
   * @throws IllegalStateException if the machine does not offer the transport
   */
  public DataPlane(RuntimeConfig config, NodeSignals signals) {
    transport = TransportKind.of(config.transport());
    this.signals = signals;
    directory = new PoolDirectory(config.eventLoops());
    challenges = new HttpChallenges(config.eventLoops());
    handlers = new LoopHandlers(transport.newHandlerFactory());
    group =
        new MultiThreadIoEventLoopGroup(
            config.eventLoops(), new DefaultThreadFactory("loop", true), handlers);
    long seed = System.nanoTime() ^ ProcessHandle.current().pid();
    for (int i = 0; i < config.eventLoops(); i++) {
      Loop loop = new Loop(i, (EventLoop) group.next(), transport, seed, guard);
      loops.add(loop);
      httpLoops.add(new HttpLoop(loop, signals, directory, challenges));
      loop.start();
    }
  }

  /** For connections to the members of a database. */
  public RoleSessions newRoleSessions(boolean postgresql) {
    return new RoleSessions(loops, postgresql);
  }

  /** How many event loops there are. */
  public int loops() {
    return loops.size();
  }

  /** Numbers for what records name. */
  public RecordNames names() {
    return names;
  }

  /**
   * From now on loops leave a record of whatever ends.
   *
   * @param rings one for each loop; null: no longer
   */
  public void record(@Nullable RecordRings rings) {
    for (Loop loop : loops) {
      loop.record(rings == null ? null : rings.ring(loop.index()));
    }
  }

  /** What loops know of how the process fares. */
  public InstanceGuard guard() {
    return guard;
  }

  /** By how much the slowest loop has been late on average since the last call. */
  public long takeLagNanos() {
    long most = 0;
    for (Loop loop : loops) {
      most = Math.max(most, loop.takeLagNanos());
    }
    return most;
  }

  /** By how much every loop has been late, once or more, since the last call. */
  public long takeLongestLagNanos() {
    long least = Long.MAX_VALUE;
    for (Loop loop : loops) {
      least = Math.min(least, loop.takeLongestLagNanos());
    }
    return least;
  }

  /** Bytes outside the heap that network buffers may take. */
  public static long maxDirectMemory() {
    return PlatformDependent.maxDirectMemory();
  }

  /** For people: epoll or nio. */
  public String transport() {
    return transport.name().toLowerCase(java.util.Locale.ROOT);
  }

  /** Unused connections to nodes, for metrics. */
  public PoolDirectory pools() {
    return directory;
  }

  /**
   * Binds all addresses of a listener, or none.
   *
   * @throws IOException naming the address that could not be bound and why
   */
  public Listener open(ListenerConfig config, HttpPolicy policy) throws IOException {
    return open(config, Set.of(), policy, null);
  }

  /**
   * Binds the addresses of a listener but those that it takes over, or none.
   *
   * @param taken addresses that it will take over from other listeners, see {@link
   *     Listener#takeOver}; not bound here
   * @param tls what is spoken inside; null: in the clear
   * @throws IOException naming the address that could not be bound and why
   */
  public Listener open(
      ListenerConfig config, Set<HostPort> taken, HttpPolicy policy, @Nullable TlsListener tls)
      throws IOException {
    ListenerState state = new HttpListenerState(httpLoops, policy);
    state.setTls(tls);
    return open(config, taken, state);
  }

  /** The same for a listener for datagrams. */
  public Listener open(ListenerConfig config, UdpPolicy policy) throws IOException {
    return open(config, Set.of(), new UdpListenerState(loops.size(), signals, policy));
  }

  /** The same for a listener that relays. */
  public Listener open(ListenerConfig config, Set<HostPort> taken, StreamPolicy policy)
      throws IOException {
    if (transport == TransportKind.EPOLL) {
      SplicePipe.prepare();
    }
    return open(config, taken, new StreamListenerState(loops.size(), signals, policy));
  }

  private Listener open(ListenerConfig config, Set<HostPort> taken, ListenerState state)
      throws IOException {
    state.configure(config);
    state.setRecordName(names.number(RecordNames.Kind.LISTENER, config.name()));
    List<HostPort> own = config.bind().stream().filter(a -> !taken.contains(a)).toList();
    Map<HostPort, Channel> sockets = bind(config.name(), own, state);
    return new Listener(config.name(), sockets, state, this);
  }

  /** Listeners that are opened from now on may be bound to these though the machine lacks them. */
  public void bindThoughAbsent(Set<InetAddress> addresses) {
    absent = Set.copyOf(addresses);
  }

  /** Binds all, or none. */
  Map<HostPort, Channel> bind(String name, List<HostPort> addresses, ListenerState state)
      throws IOException {
    Map<HostPort, Channel> sockets = new LinkedHashMap<>();
    for (HostPort address : addresses) {
      Loop home = loops.get(nextLoop++ % loops.size());
      SharedSocket known = inherited.take(name, state instanceof UdpListenerState, address);
      InetSocketAddress at = new InetSocketAddress(address.host(), address.port());
      Channel socket = newSocket(state, home, at, known);
      if (known != null) {
        inherited.hold(socket);
        home.eventLoop().register(socket).syncUninterruptibly();
        sockets.put(address, socket);
        continue;
      }
      if (at.getAddress() != null && absent.contains(at.getAddress())) {
        transport.allowAbsentAddress(socket);
      }
      home.eventLoop().register(socket).syncUninterruptibly();
      ChannelFuture bound = socket.bind(at).awaitUninterruptibly();
      if (!bound.isSuccess()) {
        socket.close().awaitUninterruptibly();
        sockets.values().forEach(other -> other.close().awaitUninterruptibly());
        throw new IOException(
            "listeners."
                + name
                + ".bind: cannot listen on "
                + address
                + ": "
                + bound.cause().getMessage(),
            bound.cause());
      }
      sockets.put(address, socket);
    }
    return sockets;
  }

  /**
   * Addresses by which this machine may be asked at the wildcard: those that it has now, except for
   * ones of a link only, and those that it has at times.
   *
   * @param wildcard by that of IPv6 it is asked by IPv4, too
   */
  Set<InetAddress> ownAddresses(InetAddress wildcard) {
    Set<InetAddress> own = new LinkedHashSet<>(absent);
    try {
      NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .filter(one -> !one.isLinkLocalAddress() && !one.isLoopbackAddress())
          .limit(MOST_ADDRESSES)
          .forEach(one -> own.add(withoutInterface(one)));
    } catch (SocketException e) {
      // Those that it has at times are known all the same.
    }
    own.removeIf(one -> wildcard instanceof Inet4Address && !(one instanceof Inet4Address));
    return own;
  }

  private static InetAddress withoutInterface(InetAddress address) {
    try {
      return InetAddress.getByAddress(address.getAddress());
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of four or sixteen bytes", e);
    }
  }

  /**
   * Binds what clients come to by HTTP/3: with epoll a socket for each loop, among which the kernel
   * deals out clients; else one.
   *
   * @param port where the listener takes connections
   * @throws IOException naming the listener, and why it cannot be
   */
  Http3Sockets bindHttp3(String name, HostPort address, int port, HttpListenerState state)
      throws IOException {
    String missing = Http3Door.missing();
    if (missing != null) {
      throw new IOException(
          "listeners." + name + ".http3: this machine has no library for QUIC: " + missing);
    }
    InetSocketAddress at = new InetSocketAddress(address.host(), port);
    Http3Door door = Http3Door.open(state, quicDoors);
    List<Channel> channels = new ArrayList<>();
    for (Loop loop : transport == TransportKind.EPOLL ? loops : loops.subList(0, 1)) {
      SharedSocket known = inherited.take(name, true, address);
      Channel socket =
          known == null
              ? loop.newDatagramChannel(at, QUIC_DATAGRAM)
              : loop.adoptDatagramChannel(known.descriptor(), QUIC_DATAGRAM);
      ChannelSetup.apply(socket, loop);
      socket.config().setRecvByteBufAllocator(loop.datagramAllocator());
      socket.config().setOption(ChannelOption.SO_RCVBUF, DATAGRAM_BUFFER);
      socket.config().setOption(ChannelOption.SO_SNDBUF, DATAGRAM_BUFFER);
      if (known == null && transport == TransportKind.EPOLL) {
        socket.config().setOption(UnixChannelOption.SO_REUSEPORT, true);
      }
      if (at.getAddress() != null && absent.contains(at.getAddress())) {
        transport.allowAbsentAddress(socket);
        transport.allowAbsentSource(socket);
      }
      door.install(socket, loop);
      if (known != null) {
        inherited.hold(socket);
      }
      loop.eventLoop().register(socket).syncUninterruptibly();
      channels.add(socket);
      if (known != null) {
        continue;
      }
      ChannelFuture done = socket.bind(at).awaitUninterruptibly();
      if (!done.isSuccess()) {
        door.close();
        channels.forEach(other -> other.close().awaitUninterruptibly());
        throw new IOException(
            "listeners."
                + name
                + ".http3: cannot listen on "
                + address
                + " by UDP: "
                + done.cause().getMessage(),
            done.cause());
      }
    }
    return new Http3Sockets(door, port, channels);
  }

  /** Where clients come in by QUIC, and what is known of those of other instances. */
  public QuicDoors quicDoors() {
    return quicDoors;
  }

  /**
   * Opens what datagrams go by to other instances and come by from them: with epoll a socket for
   * each loop, so that none of them waits for another. Not for event loops.
   *
   * @param at where the others reach this one
   * @throws IOException if it cannot be bound
   */
  public void openQuicSide(InetSocketAddress at) throws IOException {
    List<Channel> channels = new ArrayList<>();
    for (Loop loop : transport == TransportKind.EPOLL ? loops : loops.subList(0, 1)) {
      Channel socket = loop.newDatagramChannel(at, Http3Sockets.SIDE_BYTES);
      ChannelSetup.apply(socket, loop);
      socket.config().setRecvByteBufAllocator(loop.datagramAllocator());
      socket.config().setWriteBufferWaterMark(SIDE_WATER_MARK);
      socket.config().setOption(ChannelOption.SO_RCVBUF, DATAGRAM_BUFFER);
      socket.config().setOption(ChannelOption.SO_SNDBUF, DATAGRAM_BUFFER);
      if (transport == TransportKind.EPOLL) { // the process before may still have it
        socket.config().setOption(UnixChannelOption.SO_REUSEPORT, true);
      }
      socket.pipeline().addLast(quicDoors.taker(loop.index()));
      loop.eventLoop().register(socket).syncUninterruptibly();
      channels.add(socket);
      ChannelFuture done = socket.bind(at).awaitUninterruptibly();
      if (!done.isSuccess()) {
        channels.forEach(other -> other.close().awaitUninterruptibly());
        throw new IOException(
            "cannot listen on " + at + " by UDP: " + done.cause().getMessage(), done.cause());
      }
    }
    closeQuicSide();
    quicSide = List.copyOf(channels);
    quicDoors.use(quicSide);
  }

  /** Closes it again; connections of others that come here are lost from now on. */
  public void closeQuicSide() {
    quicDoors.use(List.of());
    quicSide.forEach(each -> each.close().awaitUninterruptibly(1, TimeUnit.SECONDS));
    quicSide = List.of();
  }

  private Channel newSocket(
      ListenerState state, Loop home, InetSocketAddress at, @Nullable SharedSocket known) {
    if (state instanceof UdpListenerState udp) {
      int bytes = udp.policy().udp().datagramBytes();
      Channel socket =
          known == null
              ? home.newDatagramChannel(at, bytes)
              : home.adoptDatagramChannel(known.descriptor(), bytes);
      ChannelSetup.apply(socket, home);
      socket.config().setRecvByteBufAllocator(home.datagramAllocator());
      socket.config().setOption(ChannelOption.SO_RCVBUF, DATAGRAM_BUFFER);
      state.install(socket.pipeline(), home);
      return socket;
    }
    ServerChannel socket =
        known == null
            ? transport.newServerChannel(at)
            : transport.adoptServerChannel(known.descriptor());
    socket.config().setOption(ChannelOption.SO_REUSEADDR, true);
    socket.config().setOption(ChannelOption.SO_BACKLOG, BACKLOG);
    if (transport == TransportKind.EPOLL) {
      // Netty would take one client in each round of the loop: a burst waits for as many rounds.
      socket
          .config()
          .setRecvByteBufAllocator(
              new ServerChannelRecvByteBufAllocator()
                  .respectMaybeMoreData(false)
                  .maxMessagesPerRead(ACCEPTED_AT_ONCE));
      socket.config().setOption(UNSENT, UNSENT_BYTES);
    }
    socket.pipeline().addLast(new Acceptor(home, loops, state));
    return socket;
  }

  /**
   * Listeners that are opened from now on use these instead of binding an address that is among
   * them, and take nothing from them before {@link #startInherited}.
   *
   * @throws IllegalStateException if the transport cannot
   */
  public void inherit(List<SharedSocket> sockets) {
    inherited.add(sockets); // first: whatever happens, they are closed in the end
    if (!canShareSockets()) {
      throw new IllegalStateException(
          "a takeover needs runtime.transport: epoll (was " + transport() + ")");
    }
  }

  /** From now on this process takes its share; sockets that no listener wanted are closed. */
  public void startInherited() {
    inherited.startAll();
  }

  /** Whether sockets can be had together with another process. */
  public boolean canShareSockets() {
    return transport == TransportKind.EPOLL;
  }

  /** A loop for the little that the root has to say to other processes. */
  public EventLoop sideLoop() {
    return anyLoop().eventLoop();
  }

  /** Whether the caller is an event loop, which must not wait. */
  boolean isEventLoop() {
    return loops.stream().anyMatch(loop -> loop.eventLoop().inEventLoop());
  }

  /** Bytes of memory outside the heap that are held for network buffers. */
  public long directMemory() {
    return ALLOCATOR.metric().usedDirectMemory();
  }

  /** The node is down or gone: unused connections to it are closed on all loops. */
  public void closeIdle(Node node) {
    for (HttpLoop loop : httpLoops) {
      loop.closeIdleSoon(node);
    }
  }

  /** Has every loop count the requests to nodes of these services that wait for too long. */
  public void sweep(List<Service> services) {
    onEachLoop(loop -> {
      long now = System.nanoTime();
      for (Service service : services) {
        service.answers().sweep(loop.index(), now);
      }
    });
  }

  /** The node drains or left: its WebSockets have their grace and then end. */
  public void drainWebSockets(Node node) {
    for (HttpLoop loop : httpLoops) {
      loop.drainWebSocketsSoon(node);
    }
  }

  /** What all listeners for HTTP answer to authorities that issue certificates. */
  public HttpChallenges challenges() {
    return challenges;
  }

  void onEachLoop(Consumer<Loop> task) {
    for (Loop loop : loops) {
      loop.eventLoop().execute(() -> task.accept(loop));
    }
  }

  /** Runs it on one of the loops, when all of them have come to the end of what they are doing. */
  public void afterEachLoop(Runnable then) {
    AtomicInteger left = new AtomicInteger(loops.size());
    onEachLoop(loop -> {
      if (left.decrementAndGet() == 0) {
        then.run();
      }
    });
  }

  Loop anyLoop() {
    return loops.getFirst();
  }

  /** Exchanges and connections to nodes that are open; for tests that look for leftovers. */
  public int exchangesInUse() {
    int sum = 0;
    for (HttpLoop loop : httpLoops) {
      sum += loop.exchangesInUse();
    }
    return sum;
  }

  /** Bytes of request bodies that are kept to be sent again; for tests that look for leftovers. */
  public long bytesOfBodies() {
    long sum = 0;
    for (HttpLoop loop : httpLoops) {
      sum += loop.bytesOfBodies();
    }
    return sum;
  }

  /**
   * Bytes of buffers that are in use, of this process; what is kept for reuse does not count. For
   * tests of bounds.
   */
  public long bufferBytesInUse() {
    return ALLOCATOR.pinnedDirectMemory();
  }

  @Override
  public void close() {
    inherited.closeLeft();
    if (!group.isShuttingDown()) {
      handlers.closeAll();
    }
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    if (group.isTerminated()) { // otherwise a loop may still use what it keeps
      httpLoops.forEach(HttpLoop::releaseKept);
      loops.forEach(Loop::closePipe);
    }
  }
}
