package io.fairlead.proxy.stream;

import io.fairlead.config.ProxyVersion;
import io.fairlead.proxy.ChannelSetup;
import io.fairlead.proxy.ClientAddress;
import io.fairlead.proxy.Loop;
import io.fairlead.proxy.SplicePipe;
import io.fairlead.proxy.TimerWheel;
import io.fairlead.proxy.http.HttpRoute;
import io.fairlead.proxy.origin.ProxyHeader;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RouteCounter;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection and the one to its node. For the balancers, and for who waits for a node to
 * be drained, it is one request in flight from the moment that the node is picked to the end.
 *
 * <p>One that leads to a database has more patience: while no member has the role for it, or none
 * can be reached, it waits; and as long as its member has not said a word it may go to another,
 * with what the client has said so far.
 */
final class Relay {
  /** Nodes tried before a client is turned away. */
  private static final int MAX_CONNECTS = 3;

  /** How long one waits at most before it looks again whether there is a member for it. */
  private static final long LOOK_NANOS = 100_000_000;

  /** What PostgreSQL says where it speaks no TLS. */
  private static final byte[] DECLINED = {'N'};

  /** What a client may say, before its member says a word, to be told to another one. */
  private static final int KEPT_BYTES = 16 * 1024;

  private final Loop loop;
  private final StreamListenerState listener;
  private final long idleNanos;
  private final HttpRoute route;
  private final ProxyVersion proxyProtocol;
  private final @Nullable RoleSessions sessions;
  private final OptionalInt key;
  private final @Nullable TransactionTracker tracker;

  /** The same of MariaDB. */
  private final @Nullable MariadbTracker follower;

  /** Null: there is nothing to decline, or not any more. */
  private @Nullable TlsDecliner decliner;

  /** Its neighbours in the list of those sessions; {@link RoleSessions} alone writes them. */
  @Nullable Relay following;

  @Nullable Relay preceding;

  private @Nullable ByteBuf kept;
  private boolean answered;
  private boolean waiting;
  private long patientUntil;

  /** Its key has another member. */
  private boolean strays;

  private long strayedNanos;
  private final Side client = new Side(this);
  private @Nullable Side upstream;
  private @Nullable Node node;
  private @Nullable ByteBuf early;
  private boolean connected;
  private int connects;
  private boolean over;
  private final SessionRecord record;
  private InetSocketAddress source = new InetSocketAddress(0);
  private long began;
  private long pickedNanos;

  private final TimerWheel.Timer timer =
      new TimerWheel.Timer() {
        @Override
        protected void expired(long now) {
          if (waiting) {
            tryAgain();
          } else {
            give(ErrorReason.IDLE_TIMEOUT, false);
          }
        }
      };

  /**
   * @param serverName that the client asked for; empty: nobody has looked
   */
  Relay(
      Loop loop,
      StreamListenerState listener,
      StreamPolicy policy,
      StreamRoute route,
      byte[] serverName) {
    this.record =
        new SessionRecord(
            RecordLayout.STREAM,
            policy.isByServerName() ? RecordLayout.TLS_PASSED_THROUGH : RecordLayout.TCP,
            listener.recordName(),
            serverName);
    this.loop = loop;
    this.listener = listener;
    this.idleNanos = policy.limits().idleTimeout().toNanos();
    this.route = route.route();
    this.proxyProtocol = route.proxyProtocol();
    this.sessions = route.sessions();
    this.key = route.key();
    this.answered = sessions == null; // then it makes no difference
    this.tracker =
        sessions != null && sessions.isPostgresql()
            ? new TransactionTracker(sessions.isGuarded())
            : null;
    this.follower = sessions != null && !sessions.isPostgresql() ? new MariadbTracker() : null;
    this.decliner = sessions != null && sessions.declinesTls() ? new TlsDecliner() : null;
  }

  /** To be put into the client's pipeline. */
  Side client() {
    return client;
  }

  // --- to a node ---------------------------------------------------------------------------

  /** One of the connections is there. */
  void started(Side side) {
    if (side == client) {
      began = System.nanoTime();
      pickedNanos = began;
      source = ClientAddress.of(client.channel());
      listener.counters().increment(loop.index(), ListenerCounter.REQUESTS);
      route.counters().increment(loop.index(), RouteCounter.REQUESTS);
      if (sessions != null) {
        sessions.add(this, loop.index());
      }
      pick(null);
    }
  }

  private void pick(@Nullable Node avoid) {
    Node picked = route.target().balancer().pick(hash(), avoid, loop.random());
    if (picked == null) {
      if (!waits()) {
        give(ErrorReason.NO_NODE, true);
      }
      return;
    }
    Node free = route.target().claimRelayed(picked, avoid, loop.random());
    if (free == null) {
      give(ErrorReason.OVERLOADED, true);
      return;
    }
    node = free;
    record.picked(free);
    free.counters().increment(loop.index(), NodeCounter.REQUESTS);
    connects++;
    InetSocketAddress address = free.socketAddress();
    if (address == null) {
      connectFailed(free); // its name is not resolved
    } else {
      connect(free, address);
    }
  }

  private int hash() {
    return key.isPresent() ? key.getAsInt() : ClientAddress.hash(source.getAddress());
  }

  @SuppressWarnings("ReferenceEquality") // that very side
  private void connect(Node picked, InetSocketAddress address) {
    Channel channel = loop.newSocketChannel(address);
    ChannelSetup.apply(channel, loop);
    channel
        .config()
        .setOption(
            ChannelOption.CONNECT_TIMEOUT_MILLIS,
            (int) route.target().upstream().connectTimeout().toMillis());
    channel.config().setAutoRead(false);
    Side side = new Side(this);
    upstream = side;
    channel.pipeline().addLast(side);
    picked.connectionOpened();
    channel.closeFuture().addListener(closed -> picked.connectionClosed());
    loop.eventLoop().register(channel);
    channel
        .connect(address)
        .addListener((ChannelFuture attempt) -> {
          if (over || upstream != side) {
            channel.close();
          } else if (attempt.isSuccess()) {
            picked.counters().increment(loop.index(), NodeCounter.CONNECTIONS);
            connected();
          } else {
            channel.close();
            tell(picked, attempt.cause());
            connectFailed(picked);
          }
        });
  }

  private void tell(Node failed, Throwable cause) {
    boolean silent = cause instanceof ConnectTimeoutException;
    boolean refused =
        !silent && (cause instanceof ConnectException || cause instanceof NoRouteToHostException);
    failed.counters().increment(loop.index(), NodeCounter.CONNECT_FAILED);
    String reason = refused ? "connection refused" : "no connection in time";
    listener.signals().connectionFailed(failed, reason, refused);
  }

  private void connectFailed(Node failed) {
    upstream = null;
    node = null;
    failed.requestFinished();
    if (connects % MAX_CONNECTS != 0) {
      failed.counters().increment(loop.index(), NodeCounter.RETRIED);
      pickedNanos = System.nanoTime();
      pick(failed);
    } else if (!waits()) {
      give(ErrorReason.CONNECT_FAILED, true);
    }
  }

  // --- to a member of a database -----------------------------------------------------------

  /** Whether it may wait for a member; then it does. */
  private boolean waits() {
    RoleSessions patient = sessions;
    if (patient == null) {
      return false;
    }
    long now = System.nanoTime();
    if (patientUntil == 0) {
      patientUntil = now + patient.patienceNanos();
    }
    if (now >= patientUntil) {
      return false;
    }
    waiting = true;
    patient.waits(true);
    loop.timers().set(timer, Math.min(patientUntil, now + LOOK_NANOS));
    return true;
  }

  private void waitsNoLonger() {
    RoleSessions patient = sessions;
    if (waiting && patient != null) {
      waiting = false;
      patient.waits(false);
      loop.timers().cancel(timer);
    }
  }

  /** There may be a member for it now. */
  void tryAgain() {
    if (waiting && !over) {
      waitsNoLonger();
      pickedNanos = System.nanoTime();
      pick(null);
    }
  }

  /** Its node must not have it any longer. */
  @SuppressWarnings("ReferenceEquality") // that very node
  void loseNode(Node lost) {
    RoleSessions patient = sessions;
    if (over || node != lost || patient == null) {
      return;
    }
    if (mayMove()) {
      leaveNode();
      pickedNanos = System.nanoTime();
      pick(lost);
    } else {
      patient.countCut();
      give(ErrorReason.UPSTREAM_RESET, true);
    }
  }

  /** Another node is tried if that one has not said a word. */
  void leaveIfSilent(Node silent) {
    if (mayMove()) {
      loseNode(silent);
    }
  }

  /**
   * Each key has one member, and which one may have changed.
   *
   * @param now the time; that of an earlier call and this say how long it has strayed
   * @param graceNanos how long it may
   */
  @SuppressWarnings("ReferenceEquality") // that very node
  void settle(long now, long graceNanos) {
    Node present = node;
    if (over || present == null) {
      return;
    }
    Node wanted = route.target().balancer().pick(hash(), null, loop.random());
    boolean strayed = strays;
    strays = wanted != null && wanted != present;
    if (!strays) {
      return;
    }
    if (!strayed) {
      strayedNanos = now;
    }
    if (mayMove() || now - strayedNanos >= graceNanos) {
      loseNode(present);
    } else {
      endIfMeant();
    }
  }

  /** Whether the client would see but a delay if another member took it. */
  private boolean mayMove() {
    return !answered && (!connected || kept != null);
  }

  private void leaveNode() {
    RoleSessions patient = sessions;
    Side left = upstream;
    node().requestFinished();
    node = null;
    upstream = null;
    strays = false;
    if (connected) {
      connected = false;
      ByteBuf said = kept;
      kept = null;
      if (said != null && said.isReadable()) {
        early = said;
      } else if (said != null) {
        said.release();
      }
      client.setReading(false);
    }
    if (tracker != null) {
      tracker.reset();
    }
    if (follower != null) {
      follower.reset();
    }
    if (patient != null) {
      patient.countMoved();
    }
    if (left != null) {
      left.reset();
    }
  }

  /** The member has gone without a word. */
  private boolean movesOn() {
    if (over || !connected || !mayMove() || hasNobody()) {
      return false;
    }
    listener.signals().connectionFailed(node(), "connection closed without a word", false);
    leaveNode();
    if (!waits()) {
      give(ErrorReason.CONNECT_FAILED, true);
    }
    return true;
  }

  /** The client has gone with nothing said, and its member for that reason. */
  private boolean hasNobody() {
    ByteBuf said = kept;
    return client.hasInputEnded() && said != null && !said.isReadable();
  }

  /** What the client says before its member has said a word. */
  private void keepForAnother(ByteBuf in) {
    ByteBuf present = kept;
    if (present == null) {
      return; // it was too much already
    }
    if (present.readableBytes() + in.readableBytes() > KEPT_BYTES) {
      forgetKept();
    } else {
      present.writeBytes(in, in.readerIndex(), in.readableBytes());
    }
  }

  private void forgetKept() {
    ByteBuf present = kept;
    kept = null;
    if (present != null) {
      present.release();
    }
  }

  /** From its first word on a member keeps the client. */
  private void memberSpoke() {
    answered = true;
    patientUntil = 0;
    forgetKept();
  }

  private void connected() {
    connected = true;
    if (!answered) {
      kept = loop.allocator().directBuffer(256);
    }
    record.connected(progress() - pickedNanos);
    Side to = other(client);
    introduce(to);
    ByteBuf waited = early;
    if (waited != null) {
      early = null;
      try {
        bytes(client, waited);
      } finally {
        waited.release();
      }
    }
    if (over) {
      return;
    }
    if (client.hasInputEnded()) {
      to.endOutput();
    } else if (to.isWritable()) {
      client.setReading(true);
    }
    to.setReading(true);
  }

  /** Tells the node who the client is, if it wants to know. */
  private void introduce(Side to) {
    if (proxyProtocol == ProxyVersion.NONE) {
      return;
    }
    InetSocketAddress destination = ClientAddress.destination(client.channel());
    ByteBuf header = loop.allocator().directBuffer(128);
    try {
      switch (proxyProtocol) {
        case NONE -> {}
        case V1 -> ProxyHeader.writeV1(source, destination, header);
        case V2 -> ProxyHeader.writeV2(source, destination, header);
      }
      to.send(header);
    } finally {
      header.release();
    }
  }

  // --- bytes -------------------------------------------------------------------------------

  /** Bytes have been read; those that are left in the buffer are forgotten. */
  void bytes(Side from, ByteBuf in) {
    if (over || isLeft(from)) {
      return;
    }
    if (!connected) {
      keep(in);
      return;
    }
    if (decliner != null && from == client) {
      decline(decliner, in);
      return;
    }
    if (!answered) {
      if (from == client) {
        keepForAnother(in);
      } else {
        memberSpoke();
      }
    }
    if (follower != null && from == client) {
      follower.client(in);
    } else if (follower != null) {
      follower.server(in);
    }
    int wanted = track(from, in);
    if (tracker != null && tracker.isLowered()) {
      endLowered(tracker);
      return;
    }
    count(from, wanted);
    if (tracker != null && tracker.isUncertain()) {
      endUncertain(in, wanted);
      return;
    }
    Side receiver = other(from);
    receiver.send(in);
    if (!over && !receiver.isWritable()) {
      from.setReading(false);
    }
    if (from != client) {
      endIfMeant();
    }
  }

  /** Tells the client that there is no TLS as often as it asks; the rest is for its member. */
  private void decline(TlsDecliner present, ByteBuf in) {
    for (int requests = present.take(in); requests > 0; requests--) {
      say(client, DECLINED);
    }
    switch (present.state()) {
      case BEGINS -> {}
      case PASSES -> {
        decliner = null;
        ByteBuf rest = loop.allocator().directBuffer(present.held().length + in.readableBytes());
        try {
          bytes(client, rest.writeBytes(present.held()).writeBytes(in));
        } finally {
          rest.release();
        }
      }
      case REFUSED -> give(ErrorReason.TLS_REFUSED, true);
    }
  }

  /** How many of those bytes are for the other side; without a tracker all are. */
  private int track(Side from, ByteBuf in) {
    TransactionTracker present = tracker;
    if (present != null && from == client) {
      present.client(in);
    } else if (present != null) {
      return present.server(in);
    }
    return in.readableBytes();
  }

  /**
   * A commit was not waited for: the client must not take it for acknowledged. The session ends,
   * and says why where that is not in the middle of another message.
   *
   * @param in what the server said
   * @param before how many bytes of that were complete before
   */
  private void endUncertain(ByteBuf in, int before) {
    Side from = upstream;
    TransactionTracker present = tracker;
    if (from == null || present == null) {
      return;
    }
    finish();
    if (before > 0) {
      client.send(in.readSlice(before));
    }
    if (present.isCut()) {
      client.reset();
    } else {
      say(client, TransactionTracker.UNCERTAIN);
      client.close();
    }
    from.reset();
  }

  /** The client lowers what its commits wait for: its member never has all of that message. */
  private void endLowered(TransactionTracker present) {
    Side from = upstream;
    listener.errors().increment(loop.index(), ErrorReason.COMMIT_LOWERED);
    record.failed(ErrorReason.COMMIT_LOWERED);
    finish();
    if (present.isInTheMiddle()) {
      client.reset();
    } else {
      say(client, TransactionTracker.LOWERED);
      client.close();
    }
    if (from != null) {
      from.reset();
    }
  }

  /**
   * Between two transactions a session ends without harm: that of a node that drains, or of a key
   * that has another. The client is told as the server would tell it; one of MariaDB says nothing
   * to a session that has rested for too long.
   */
  private void endIfMeant() {
    Side to = upstream;
    if (over
        || to == null
        || !connected
        || !isBetweenTransactions()
        || !(strays || node().facts().draining())
        || !client.hasNothingQueued()) {
      return;
    }
    RoleSessions patient = sessions;
    if (patient != null) {
      patient.countEnded();
    }
    finish();
    if (tracker != null) {
      say(client, TransactionTracker.FAREWELL);
      say(to, TransactionTracker.TERMINATE);
    } else {
      say(to, MariadbTracker.QUIT);
    }
    client.close();
    to.close();
  }

  private boolean isBetweenTransactions() {
    return tracker != null
        ? tracker.isBetweenTransactions()
        : follower != null && follower.isBetweenTransactions();
  }

  /** That node drains. */
  @SuppressWarnings("ReferenceEquality") // that very node
  void endIfDrained(Node drained) {
    if (node == drained) {
      endIfMeant();
    }
  }

  private void say(Side side, byte[] words) {
    ByteBuf out = loop.allocator().directBuffer(words.length);
    try {
      side.send(out.writeBytes(words));
    } finally {
      out.release();
    }
  }

  /** Whether that side belongs to a node that it has left. */
  private boolean isLeft(Side side) {
    return side != client && side != upstream;
  }

  /** So many bytes of that side go to the other. */
  private void count(Side from, int count) {
    long _ = progress();
    Node to = node();
    if (from == client) {
      listener.counters().add(loop.index(), ListenerCounter.BYTES_IN, count);
      to.counters().add(loop.index(), NodeCounter.BYTES_SENT, count);
      record.bytesIn(count);
    } else {
      listener.counters().add(loop.index(), ListenerCounter.BYTES_OUT, count);
      to.counters().add(loop.index(), NodeCounter.BYTES_RECEIVED, count);
      record.bytesOut(count);
    }
  }

  /**
   * Moves what that side has to the other without copying it, where both can.
   *
   * @return how many bytes; 0: somebody has to read, and see what there is
   */
  int splice(Side from) {
    SplicePipe pipe = loop.pipe();
    if (over || !connected || pipe == null || !answered || decliner != null || isLeft(from)) {
      return 0;
    }
    if (tracker != null && !tracker.isOpaque()) {
      return 0; // has to be looked at
    }
    if (follower != null && !follower.isOpaque()) {
      return 0; // so has this
    }
    Side to = other(from);
    FileDescriptor source = from.descriptor();
    FileDescriptor target = to.descriptor();
    if (source == null || target == null || !to.hasNothingQueued()) {
      return 0;
    }
    int count;
    try {
      count = pipe.fill(source);
    } catch (IOException e) {
      broken(from);
      return 1;
    }
    if (count > 0) {
      count(from, count);
      empty(pipe, count, from, target, to);
    }
    return count;
  }

  /**
   * Gives the receiver what is in the pipe; what it does not take is queued, and has to go first.
   */
  private void empty(SplicePipe pipe, int count, Side from, FileDescriptor target, Side to) {
    try {
      int left = pipe.empty(target, count);
      if (left > 0) {
        from.setReading(false); // before queueing: it may be gone at once, and reading on again
        to.queue(pipe.drain(loop.allocator(), left));
      }
    } catch (IOException e) {
      loop.closePipe(); // what is in it has lost its receiver
      broken(to);
    }
  }

  /**
   * A client that ends its half before there is a node is read to that end, no more than the kernel
   * took of it unasked.
   */
  private void keep(ByteBuf in) {
    ByteBuf waiting = early;
    if (waiting == null) {
      waiting = loop.allocator().directBuffer(in.readableBytes());
      early = waiting;
    }
    waiting.writeBytes(in);
  }

  /** What was queued for that side has gone. */
  void writable(Side side) {
    if (!over && connected && !isLeft(side)) {
      long _ = progress();
      other(side).setReading(true);
    }
  }

  // --- ends --------------------------------------------------------------------------------

  /** That side has sent all it will. */
  void inputEnded(Side side) {
    if (side == upstream && movesOn()) {
      return;
    }
    if (!over && connected && !isLeft(side)) {
      long _ = progress();
      other(side).endOutput();
    }
  }

  /** When both halves have ended and both sides have got everything, the rest is closing. */
  void outputEnded() {
    Side to = upstream;
    if (!over && to != null && client.hasOutputEnded() && to.hasOutputEnded()) {
      finish();
      to.close();
      client.close();
    }
  }

  /** That side is gone without a regular end: the other one must see a reset, too. */
  void broken(Side side) {
    if (over) {
      return;
    }
    if (side == client) {
      give(ErrorReason.CLIENT_GONE, true);
    } else if (side == upstream && connected) {
      node().counters().increment(loop.index(), NodeCounter.RESET);
      if (movesOn()) {
        return;
      }
      if (sessions != null) {
        listener.signals().connectionFailed(node(), "connection reset", false);
      }
      give(ErrorReason.UPSTREAM_RESET, true);
    }
  }

  /** Ends it before its time. */
  private void give(ErrorReason reason, boolean reset) {
    if (over) {
      return;
    }
    listener.errors().increment(loop.index(), reason);
    record.failed(reason);
    if (reason == ErrorReason.NO_NODE
        || reason == ErrorReason.OVERLOADED
        || reason == ErrorReason.CONNECT_FAILED
        || reason == ErrorReason.UPSTREAM_RESET) {
      listener.counters().increment(loop.index(), ListenerCounter.RELAYS_FAILED);
    }
    Side to = upstream;
    finish();
    if (to != null) {
      end(to, reset);
    }
    end(client, reset);
  }

  private static void end(Side side, boolean reset) {
    if (reset) {
      side.reset();
    } else {
      side.close();
    }
  }

  private void finish() {
    over = true;
    waitsNoLonger();
    forgetKept();
    if (sessions != null) {
      sessions.remove(this, loop.index());
    }
    record.end(loop, source, route, began, System.nanoTime());
    loop.timers().cancel(timer);
    Node used = node;
    if (used != null) {
      used.requestFinished();
    }
    ByteBuf waiting = early;
    early = null;
    if (waiting != null) {
      waiting.release();
    }
  }

  private long progress() {
    long now = System.nanoTime();
    loop.timers().set(timer, now + idleNanos);
    return now;
  }

  private Side other(Side side) {
    Side to = side == client ? upstream : client;
    if (to == null) {
      throw new IllegalStateException("no connection to a node");
    }
    return to;
  }

  private Node node() {
    Node present = node;
    if (present == null) {
      throw new IllegalStateException("no node");
    }
    return present;
  }
}
